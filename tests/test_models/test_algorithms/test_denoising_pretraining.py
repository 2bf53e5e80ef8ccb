import copy

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.model import revert_sync_batchnorm
from mmengine.optim import build_optim_wrapper
from mmengine.structures import PixelData
from mmseg.models.decode_heads import FCNHead
from mmseg.registry import MODELS

from mmseg_ext.datasets.transforms import GaussianNoise, PackDenoisingInputs
from mmseg_ext.models.utils.noise_sampler import NoiseSampler
from mmseg_ext.models.utils.noisy_batch import noise_space
from mmseg_ext.utils.noise_process import add_noise, remove_noise
from .toy import BACKBONE, BN, SEGMENTOR, build_eln, sample

SIGMA = 0.22


def build(segmentor=SEGMENTOR, **options):
    options = dict(
        type='DenoisingPretraining',
        segmentor=copy.deepcopy(segmentor),
        noise=dict(sigma=SIGMA)) | options
    torch.manual_seed(0)
    model = MODELS.build(ConfigDict(options))
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            # as after some training
            for value in (module.running_mean, module.weight, module.bias):
                value.detach().add_(0.2 * torch.randn(value.shape))
    return model.train()


def make_batch(num=2, size=(32, 40), seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(num, 3, *size, generator=generator)
    return (dict(unlabeled=images),
            dict(unlabeled=[sample(*size) for _ in range(num)]))


def head(kind, **options):
    return dict(
        type=kind,
        in_channels=64,
        in_index=3,
        channels=16,
        num_classes=4,
        norm_cfg=BN) | options


STAGES = dict(in_channels=[8, 16, 32, 64], in_index=[0, 1, 2, 3])
HEADS = dict(
    psp=head('PSPHead', pool_scales=(1, 2)),
    uper=head('UPerHead', pool_scales=(1, 2), **STAGES),
    segformer=head('SegformerHead', **STAGES),
    da=head('DAHead', pam_channels=8),
    aspp=head(
        'DepthwiseSeparableASPPHead',
        dilations=(1, 2),
        c1_in_channels=8,
        c1_channels=4),
    transunet=dict(
        type='TransUNetHead',
        in_channels=[8, 16, 32, 64],
        head_channels=16,
        decoder_channels=(16, 8, 8),
        num_classes=4))
UNET = dict(
    type='UNet',
    base_channels=8,
    num_stages=2,
    strides=(1, 1),
    enc_num_convs=(2, 2),
    dec_num_convs=(2, ),
    downsamples=(True, ),
    enc_dilations=(1, 1),
    dec_dilations=(1, ))
UNET_MAP = dict(
    in_channels=8, in_index=1, num_convs=0, concat_input=False, channels=8)
OCR = ConfigDict(
    SEGMENTOR,
    type='CascadeEncoderDecoder',
    num_stages=2,
    decode_head=[
        head('FCNHead', num_convs=1, concat_input=False),
        head('OCRHead', ocr_channels=8)
    ])


def with_head(cfg):
    backbone = dict(BACKBONE, strides=(1, 2, 2, 2))
    return ConfigDict(SEGMENTOR, backbone=backbone, decode_head=cfg)


SEGMENTORS = dict({
    name: with_head(cfg)
    for name, cfg in HEADS.items()
},
                  ocr=OCR)

# -- networks -------------------------------------------------------------


@pytest.mark.parametrize('name', SEGMENTORS)
def test_every_head_trains_and_exports(name):
    """Every parameter gets a gradient; all but the classifier is exported."""
    cfg = ConfigDict(
        SEGMENTORS[name], auxiliary_head=head('FCNHead', num_convs=1))
    model = build(cfg, frozen=())
    inputs, samples = make_batch(size=(64, 96))
    losses = model.loss(inputs, samples)
    assert losses['loss_denoising'].item() == pytest.approx(1, abs=0.35)
    losses['loss_denoising'].backward()
    missed = [n for n, p in model.named_parameters() if p.grad is None]
    assert missed == []

    exported, dropped = model.pretrained_state_dict()
    stock = MODELS.build(copy.deepcopy(cfg))
    result = stock.load_state_dict(exported, strict=False)
    assert result.unexpected_keys == []
    assert {
        key
        for key in result.missing_keys if not key.startswith('auxiliary_head.')
    } == set(dropped)
    assert dropped and all('conv_seg' in key or 'head' in key
                           for key in dropped)
    heads = 2 if name == 'ocr' else 1
    assert len([key for key in dropped if 'conv_seg' in key]) >= 2 * heads


def test_prediction_covers_sizes_that_are_no_multiple():
    model = build()
    assert model.output_stride == 8 and model.num_classes == 192
    inputs, samples = make_batch(size=(33, 41))
    pred = model.denoise(inputs['unlabeled'], None)[0][0]
    assert pred.shape == inputs['unlabeled'].shape


@pytest.mark.parametrize('upsample', ['pixel_shuffle', 'bilinear'])
def test_what_a_map_of_stride_8_can_fit(upsample):
    """Bilinear: the rank of the interpolation leaves 1 - 1 / 8^2."""
    model = build(upsample=upsample)
    target = torch.randn(768, 1, dtype=torch.double)  # 3 * 16 * 16
    maps = torch.zeros(1, model.projected_channels, 2, 2, dtype=torch.double)
    jacobian = torch.autograd.functional.jacobian(
        lambda m: model._to_image(m, (16, 16)).flatten(), maps).flatten(1)
    fit = jacobian @ torch.linalg.pinv(jacobian) @ target
    error = ((fit - target).square().mean() / target.square().mean()).item()
    assert error < 1e-10 if upsample == 'pixel_shuffle' else error > 0.95


@pytest.mark.parametrize('field,options', [
    ('model.target', dict(target='sigma')),
    ('model.upsample', dict(upsample='nearest')),
    ('model.frozen', dict(frozen=('encoder', ))),
    ('model.output_stride', dict(output_stride=0)),
    ('model.noise', dict(noise=dict(sigma=0.2, gamma=0.5))),
    ('model.condition needs model.noise', dict(noise=None, condition=dict())),
])
def test_wrong_options(field, options):
    with pytest.raises(ValueError, match=field):
        build(**options)


def test_main_output_comes_last():
    """Of DAHead the first of three, which is the one that predicts."""
    model = build(SEGMENTORS['da']).eval()
    images = make_batch(size=(32, 32))[0]['unlabeled']
    main = model.decode_head(model.extract_feat(images))[0]
    maps = model.denoise(images, None)[0]
    assert len(maps) == 3
    shuffled = torch.nn.functional.pixel_shuffle(main, model.output_stride)
    torch.testing.assert_close(maps[-1], shuffled)


def test_no_dropout_ahead_of_the_projection():
    assert build().decode_head.dropout is None


def test_head_without_map_is_named():
    cfg = ConfigDict(
        SEGMENTOR,
        decode_head=head(
            'PointHead', in_channels=[64], in_index=[3], num_fcs=1))
    with pytest.raises(ValueError, match='PointHead'):
        build(cfg)


# -- noise ----------------------------------------------------------------


@pytest.mark.parametrize('bgr_to_rgb', [False, True])
@pytest.mark.parametrize('process', ['simple', 'scaled'])
@pytest.mark.parametrize('mean,std',
                         [([127.5] * 3, [127.5] * 3),
                          ([123.7, 116.3, 103.5], [58.4, 57.1, 57.4])])
def test_pipeline_and_device_agree(bgr_to_rgb, process, mean, std):
    """Noise of the transform or of the sampler: the same network input."""
    cfg = ConfigDict(
        SEGMENTOR,
        data_preprocessor=dict(
            type='SegDataPreProcessor',
            mean=mean,
            std=std,
            bgr_to_rgb=bgr_to_rgb,
            size_divisor=1))
    image = torch.randint(0, 256, (20, 24, 3), dtype=torch.uint8).numpy()
    results = dict(img=image, img_path='x', img_shape=(20, 24))
    results = GaussianNoise(SIGMA, process=process).transform(results)
    packed = PackDenoisingInputs(meta_keys=('img_path', 'img_shape'))(results)

    by_transform = build(cfg, noise=None)

    def preprocess(inputs, data_sample):
        data = dict(
            inputs=dict(unlabeled=[inputs]),
            data_samples=dict(unlabeled=[data_sample]))
        data = by_transform.data_preprocessor(data, True)
        return data['inputs']['unlabeled'], data['data_samples']['unlabeled']

    noisy, samples = preprocess(packed['inputs'], packed['data_samples'])
    batch = by_transform.make_noisy(noisy, samples)

    clean, samples = preprocess(
        torch.from_numpy(image).permute(2, 0, 1), sample(20, 24))
    by_sampler = build(cfg, noise=dict(sigma=SIGMA, process=process))
    scale, shift = noise_space(by_sampler.data_preprocessor, clean)
    expected = add_noise(clean * scale + shift, batch.noise, SIGMA, process)
    torch.testing.assert_close(
        batch.inputs, (expected - shift) / scale, atol=1e-5, rtol=1e-5)
    # noise space is RGB or BGR in [-1, 1]
    raw = torch.from_numpy(image).permute(2, 0, 1)[None].float()
    raw = raw.flip(1) if bgr_to_rgb else raw
    torch.testing.assert_close(
        remove_noise(batch.noisy, batch.noise, SIGMA, process),
        raw / 127.5 - 1,
        atol=1e-4,
        rtol=0)
    drawn = by_sampler.make_noisy(clean, samples)
    torch.testing.assert_close(
        drawn.noisy,
        add_noise(raw / 127.5 - 1, drawn.noise, SIGMA, process),
        atol=1e-5,
        rtol=0)


def test_noise_exactly_once():
    inputs, samples = make_batch()
    with pytest.raises(ValueError, match='neither is set'):
        build(noise=None).loss(inputs, samples)
    for item in samples['unlabeled']:
        item.gt_noise = PixelData(data=torch.zeros(3, 32, 40))
    with pytest.raises(ValueError, match='both are set'):
        build().loss(inputs, samples)


def test_levels_are_drawn_by_image():
    model = build(noise=dict(sigma=(0.2, 0.3)))
    sigma, _ = model.noise_sampler.sample(torch.zeros(1000, 3, 1, 1))
    assert sigma.shape == (1000, 1, 1, 1)
    assert 0.2 <= sigma.min() and sigma.max() <= 0.3
    assert sigma.mean().item() == pytest.approx(0.25, abs=0.005)


def test_scheduled_level():
    from mmengine.logging import MessageHub
    schedule = dict(type='LinearWeight', start=0.4, end=0.2, iters=100)
    model = build(noise=dict(sigma=schedule))
    hub = MessageHub.get_current_instance()
    for iteration, level in ((0, 0.4), (50, 0.3), (200, 0.2)):
        hub.update_info('iter', iteration)
        sigma, _ = model.noise_sampler.sample(torch.zeros(2, 3, 1, 1))
        assert sigma.flatten().tolist() == [pytest.approx(level)] * 2


def test_noise_is_a_function_of_seed_and_rank(monkeypatch):
    """MMEngine seeds all ranks alike."""
    sampler = build(noise=dict(sigma=(0.2, 0.3))).noise_sampler

    def draw(seed, rank):
        monkeypatch.setattr('mmseg_ext.models.utils.noise_sampler.get_rank',
                            lambda: rank)
        torch.manual_seed(seed)
        return torch.cat([
            part.flatten() for part in sampler.sample(torch.zeros(2, 3, 8, 8))
        ])

    assert torch.equal(draw(0, 0), draw(0, 0))
    assert not (draw(0, 0) == draw(0, 1)).any()
    assert not (draw(0, 0) == draw(1, 0)).any()
    # a new draw in the same iteration
    one, other = (sampler.sample(torch.zeros(2, 3, 8, 8))[1] for _ in '12')
    assert not (one == other).any()
    assert abs(one.std().item() - 1) < 0.2


# -- losses ---------------------------------------------------------------


@pytest.mark.parametrize('target', ['noise', 'image'])
@pytest.mark.parametrize('process', ['simple', 'scaled'])
def test_loss_is_that_of_two_lines(target, process):
    model = build(target=target, noise=dict(sigma=SIGMA, process=process))
    model.capture_denoising = True
    seen = {}
    denoise = model.denoise

    def recording(images, sigma):
        seen['inputs'], seen['out'] = images, denoise(images, sigma)
        return seen['out']

    model.denoise = recording
    inputs, samples = make_batch()
    losses = model.loss(inputs, samples)
    noise = model.captured_denoising['noise']
    # the toy normalises by 127 and 50
    clean = (inputs['unlabeled'] * 50 + 127 - 127.5) / 127.5
    wanted = noise if target == 'noise' else clean
    expected = (seen['out'][0][0] - wanted).square().mean()
    torch.testing.assert_close(losses['loss_denoising'], expected)
    factor = (1 + SIGMA**2)**0.5 if process == 'scaled' else 1
    noisy = (clean + SIGMA * noise) / factor
    torch.testing.assert_close(
        seen['inputs'], (noisy * 127.5 + 0.5) / 50, atol=1e-5, rtol=1e-5)
    gain = -10 * losses['mse_noise'].log10()
    torch.testing.assert_close(losses['gain'], gain)
    if target == 'image':  # sigma^2 * error of the noise
        torch.testing.assert_close(losses['mse_noise'] * SIGMA**2,
                                   expected.detach())


@pytest.mark.parametrize('target', ['noise', 'image'])
def test_oracle_has_no_loss(target):
    model = build(target=target)
    inputs, samples = make_batch()
    images = model.make_noisy(inputs['unlabeled'], samples['unlabeled'])
    model.make_noisy = lambda *args: images
    clean = (inputs['unlabeled'] * 50 - 0.5) / 127.5
    oracle = images.noise if target == 'noise' else clean
    model.denoise = lambda *args: ([oracle], [])
    losses = model.loss(inputs, samples)
    assert losses['loss_denoising'] < 1e-10 and losses['gain'] > 60


def test_padding_does_not_count():
    model = build()
    inputs, samples = make_batch()
    for item in samples['unlabeled']:
        item.valid_mask.data[:, :, 20:] = False
    torch.manual_seed(1)
    losses = model.loss(inputs, samples)
    pred = torch.zeros(2, 3, 32, 40, requires_grad=True)
    model.denoise = lambda *args: ([pred], [])
    torch.manual_seed(1)
    model.loss(inputs, samples)['loss_denoising'].backward()
    assert pred.grad[..., 20:].abs().max() == 0
    assert pred.grad[..., :20].abs().min() > 0
    assert losses['loss_denoising'].isfinite()


@pytest.mark.parametrize('shuffled', [False, True])
def test_learns_more_than_a_pixel_tells(shuffled):
    """Below v / (v + sigma^2), the best of a linear map of single pixels.

    Shuffled targets, the noise of other images, cannot be learnt.
    """
    segmentor = ConfigDict(
        SEGMENTOR, backbone=UNET, decode_head=head('FCNHead', **UNET_MAP))
    model = build(segmentor, frozen=(), noise=dict(sigma=0.5))
    torch.manual_seed(0)
    coarse = 2 * torch.randn(32, 3, 2, 2)
    images = torch.nn.functional.interpolate(
        coarse, (32, 32), mode='bilinear', align_corners=True)
    clean = (images * 50 - 0.5) / 127.5  # as the toy normalises
    bound = clean.var().item() / (clean.var().item() + 0.25)
    samples = [sample(32, 32) for _ in range(8)]
    make_noisy, order = model.make_noisy, [7, 0, 1, 2, 3, 4, 5, 6]
    if shuffled:

        def make_shuffled(*args):
            batch = make_noisy(*args)
            return batch._replace(noise=batch.noise[order])

        model.make_noisy = make_shuffled
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    errors = []
    for i in range(60):
        chosen = images[torch.arange(8 * i, 8 * i + 8) % 32]
        losses = model.loss(dict(unlabeled=chosen), dict(unlabeled=samples))
        optimizer.zero_grad()
        losses['loss_denoising'].backward()
        optimizer.step()
        errors.append(losses['mse_noise'].item())
    last = sum(errors[-10:]) / 10
    assert last > 0.98 if shuffled else last < 0.8 * bound, (last, bound)


# -- what is frozen -------------------------------------------------------


def run_steps(model, steps=3):
    wrapper = build_optim_wrapper(
        model, dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=0.01)))
    for i in range(steps):
        inputs, samples = make_batch(seed=i)
        losses, _ = model.parse_losses(model.loss(inputs, samples))
        wrapper.update_params(losses)
        model.eval()
        model.predict(*(x['unlabeled'] for x in make_batch(1)))
        model.train()  # as mmengine does after a validation


def changed(model, before):
    return {
        name.split('.')[1]
        for name, value in model.state_dict().items()
        if not torch.equal(value, before[name])
    }


def test_frozen_encoder_is_bit_identical():
    """Parameters and running statistics; the decoder moves."""
    model = build()
    before = copy.deepcopy(model.state_dict())
    run_steps(model)
    assert changed(model, before) == {'decode_head'}
    assert not model.backbone.training and model.decode_head.training
    assert all(p.grad is None for p in model.backbone.parameters())


def test_dep_trains_all():
    model = build(frozen=())
    before = copy.deepcopy(model.state_dict())
    run_steps(model)
    assert changed(model, before) == {'backbone', 'decode_head'}


def test_frozen_norm_may_follow_the_batch():
    model = build(frozen_norm_eval=False)
    before = copy.deepcopy(model.state_dict())
    run_steps(model)
    moved = [
        key for key, value in model.backbone.state_dict().items()
        if not torch.equal(value, before[f'segmentor.backbone.{key}'])
    ]
    assert moved and all('running' in key or 'num_batches' in key
                         for key in moved)


def test_only_a_part_may_be_frozen():
    model = build(frozen=('backbone.layer1', 'backbone.stem'))
    before = copy.deepcopy(model.state_dict())
    run_steps(model, 1)
    moved = {
        name
        for name, value in model.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert any('backbone.layer2' in name for name in moved)
    assert not any('layer1' in name or 'stem' in name for name in moved)


def test_decoder_within_the_backbone():
    """Of a UNet the encoder alone is frozen."""
    segmentor = ConfigDict(
        SEGMENTOR, backbone=UNET, decode_head=head('FCNHead', **UNET_MAP))
    model = build(segmentor, frozen=('backbone.encoder', ))
    before = copy.deepcopy(model.state_dict())
    run_steps(model, 1)
    moved = {
        '.'.join(name.split('.')[1:3])
        for name, value in model.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert 'backbone.encoder' not in moved and 'backbone.decoder' in moved


# -- conditioning ---------------------------------------------------------


def test_conditioning_starts_as_nothing_and_folds():
    plain, model = build(), build(condition=dict(embed_dims=8, hidden_dims=8))
    plain.load_state_dict(model.state_dict(), strict=False)
    plain.eval(), model.eval()
    inputs = make_batch()[0]['unlabeled']
    sigma = torch.full((2, 1, 1, 1), SIGMA)

    def output(network):
        return network.denoise(inputs, sigma)[0][0]

    torch.testing.assert_close(output(model), output(plain))
    torch.nn.init.normal_(model.noise_conditioning.scale_shift.weight)
    assert (output(model) - output(plain)).abs().max() > 1e-3
    # another level is another network
    other = model.denoise(inputs, sigma + 0.1)[0][0]
    assert (output(model) - other).abs().max() > 1e-3

    exported, dropped = model.pretrained_state_dict()
    state = plain.segmentor.state_dict()
    projection = {key: model.segmentor.state_dict()[key] for key in dropped}
    assert exported.keys() | projection.keys() == state.keys()
    plain.segmentor.load_state_dict({**exported, **projection})
    torch.testing.assert_close(
        output(plain), output(model), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('change', [revert_sync_batchnorm, copy.deepcopy])
def test_conditioning_of_replaced_layers(change):
    """On one GPU, and without one, SyncBN gives way to other layers."""
    segmentor = copy.deepcopy(SEGMENTOR)
    segmentor['decode_head']['norm_cfg'] = dict(type='SyncBN')
    model = change(build(segmentor=segmentor, condition=dict()))
    torch.nn.init.normal_(model.noise_conditioning.scale_shift.weight)
    model = revert_sync_batchnorm(model).eval()
    images = make_batch()[0]['unlabeled']
    low, high = (
        model.denoise(images, torch.full((2, 1, 1, 1), sigma))[0][0]
        for sigma in (0.1, 0.9))
    assert (low - high).abs().max() > 1e-3
    low.sum().backward()
    assert model.noise_conditioning.scale_shift.weight.grad is not None


def test_conditioning_is_trained():
    model = build(condition=dict())
    before = copy.deepcopy(model.noise_conditioning.state_dict())
    run_steps(model, 2)  # the first one moves the last layer, from zero
    after = model.noise_conditioning.state_dict()
    assert not any(torch.equal(before[key], after[key]) for key in after)


def test_class_in_place_of_the_name_of_a_head():
    segmentor = copy.deepcopy(SEGMENTOR)
    segmentor['decode_head']['type'] = FCNHead
    model = build(segmentor=segmentor)
    assert model.pretrained_state_dict()[1] == build().pretrained_state_dict(
    )[1]


@pytest.mark.parametrize('head, message', [
    (dict(type='IterativeDecodeHead', num_stages=3), 'has no num_classes'),
    ([SEGMENTOR['decode_head'],
      dict(type='PointHead', num_classes=3)], 'classifies points'),
])
def test_heads_without_a_projection(head, message):
    with pytest.raises(ValueError, match=message):
        build(segmentor=dict(SEGMENTOR, decode_head=head))


def test_a_head_that_nobody_knows_is_named():
    head = dict(SEGMENTOR['decode_head'], type='NoHead')
    with pytest.raises(KeyError, match='NoHead'):
        build(segmentor=dict(SEGMENTOR, decode_head=head))


def test_backbone_of_other_maps_in_eval_mode():
    """DDRNet shows its head two maps in training alone."""
    segmentor = dict(
        type='EncoderDecoder',
        backbone=dict(type='DDRNet', channels=8, ppm_channels=8),
        decode_head=dict(
            type='DDRHead',
            in_channels=32,
            channels=8,
            num_classes=4,
            loss_decode=[dict(type='CrossEntropyLoss')] * 2))
    with pytest.raises(ValueError, match='a DDRNet gives other maps in eval'):
        build(segmentor=segmentor)
    build(segmentor=segmentor, frozen_norm_eval=False)
    build(segmentor=segmentor, frozen=())


def test_level_and_noise_are_independent():
    torch.manual_seed(0)
    sampler = NoiseSampler(sigma=(0.1, 0.4))
    drawn = [sampler.sample(torch.zeros(1, 1, 4, 8)) for _ in range(2000)]
    sigma = torch.stack([sigma.flatten()[0] for sigma, _ in drawn])
    noise = torch.stack([noise.flatten().abs() for _, noise in drawn])
    found = torch.corrcoef(torch.cat([sigma[None], noise.T]))[0, 1:]
    assert found.abs().max() < 0.08


# -- inference ------------------------------------------------------------


def test_predict():
    model = build().eval()
    inputs, samples = (x['unlabeled'] for x in make_batch())
    for item in samples:
        item.set_metainfo(
            dict(
                noise_sigma=SIGMA, noise_process='scaled', img_shape=(30, 36)))
    for item in model.predict(inputs, samples):
        assert item.pred_noise.data.shape == (3, 30, 36)
        assert item.pred_image.data.shape == (3, 30, 36)
    # the stock benchmark tells nothing of the noise
    assert 'pred_image' not in model.predict(inputs)[0]
    with pytest.raises(ValueError, match="target='image'"):
        build(target='image').predict(inputs)


def test_another_algorithm_takes_it():
    """DDeP initialises what ELN trains, its teacher included."""
    exported, dropped = build().pretrained_state_dict()
    eln = build_eln()
    eln.load_state_dict(dict(exported), strict=False)
    for network in (eln.segmentor, eln.teacher):
        for key, value in network.state_dict().items():
            assert key in dropped or torch.equal(value, exported[key]), key
