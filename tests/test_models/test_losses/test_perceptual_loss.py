import pytest
import torch
from mmengine.config import ConfigDict
from mmseg.registry import MODELS
from mmseg.utils import register_all_modules

from mmseg_ext.models.losses import PerceptualLoss

register_all_modules()
SEGMENTOR = ConfigDict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean=[127.] * 3, std=[50.] * 3),
    backbone=dict(
        type='ResNetV1c',
        depth=18,
        stem_channels=8,
        base_channels=8,
        strides=(1, 2, 1, 1),
        norm_cfg=dict(type='BN')),
    decode_head=dict(
        type='FCNHead',
        in_channels=64,
        channels=16,
        num_convs=1,
        concat_input=False,
        num_classes=4,
        norm_cfg=dict(type='BN')),
    test_cfg=dict(mode='whole'))


def build(**options):
    return PerceptualLoss(SEGMENTOR, **options)


def images(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 255 * torch.rand(2, 3, 16, 24, generator=generator)


def test_formula_of_the_code():
    """Mean square of logits less their mean, over their deviation."""
    loss = build()
    first, second, third = images(0), images(1), images(2)
    found = loss(first, second, third)

    def normal(x):
        z = loss.segmentor.logits(x)
        mean = z.mean((2, 3), keepdim=True)
        var = z.var((2, 3), unbiased=False, keepdim=True)
        return (z - mean) / (var + 1e-5).sqrt()

    for name, weight, image in (('loss_perceptual', 0.1, second),
                                ('loss_perceptual_cycle', 10., third)):
        expected = weight * (normal(image) - normal(first)).square().mean()
        torch.testing.assert_close(found[name], expected)


def test_formula_of_the_paper():
    loss = build(distance='l1', instance_norm=False)
    first, second = images(0), images(1)
    found = loss(first, second, second)
    difference = loss.segmentor.logits(second) - loss.segmentor.logits(first)
    torch.testing.assert_close(found['loss_perceptual'],
                               0.1 * difference.abs().mean())
    torch.testing.assert_close(found['loss_perceptual_cycle'],
                               10 * difference.abs().mean())


def test_normalisation_forgets_scale_and_shift():
    z = torch.randn(2, 4, 6, 8, dtype=torch.float64)
    scale = torch.rand(2, 4, 1, 1, dtype=torch.float64) + 0.5
    shift = torch.randn(2, 4, 1, 1, dtype=torch.float64)
    assert build().measure(z * scale + shift, z) < 1e-8
    plain = build(distance='l1', instance_norm=False)
    assert plain.measure(z * scale + shift, z) > 0.1


def test_equal_images_cost_nothing_and_constant_logits_are_finite():
    loss = build()
    first = images()
    assert all(v.item() < 1e-9 for v in loss(first, first, first).values())
    z = torch.zeros(1, 4, 5, 5, requires_grad=True)
    value = loss.measure(z, torch.randn(1, 4, 5, 5))
    value.backward()
    assert value.isfinite() and z.grad.isfinite().all()


def test_gradient_reaches_the_made_images_alone():
    loss = build()
    before = {k: v.clone() for k, v in loss.named_buffers()}
    first, second, third = (images(i).requires_grad_() for i in range(3))
    sum(loss(first, second, third).values()).backward()
    assert first.grad is None
    assert second.grad.abs().sum() > 0 and third.grad.abs().sum() > 0
    assert all(p.grad is None for p in loss.parameters())
    for key, value in loss.named_buffers():
        assert torch.equal(value, before[key]), key


@pytest.mark.parametrize('options, names', [
    (dict(loss_weight=0), {'loss_perceptual_cycle'}),
    (dict(cycle_loss_weight=0), {'loss_perceptual'}),
    (dict(loss_weight=0, cycle_loss_weight=0), set()),
])
def test_weight_zero_is_not_computed(options, names):
    assert set(build(**options)(images(), images(), images())) == names


def test_bad_options():
    with pytest.raises(ValueError, match="distance must be one of .*'cosine'"):
        build(distance='cosine')
    with pytest.raises(ValueError, match='perceptual.checkpoint is None'):
        build().init_weights()
    assert MODELS.get('PerceptualLoss') is PerceptualLoss
