"""Gradients, identities, the authors' alternation, translation."""
import copy
import itertools

import pytest
import torch
import torch.nn.functional as F
from mmengine.config import ConfigDict
from mmengine.optim import build_optim_wrapper
from mmseg.registry import MODELS
from torch import nn

from .toy import SEGMENTOR, sample

GENERATOR = dict(type='ResnetGenerator', ngf=4, num_blocks=1)
DISCRIMINATOR = dict(type='PatchDiscriminator', ndf=4, num_downsamples=1)


@MODELS.register_module(force=True)
class SameImage(nn.Module):
    """A generator that changes nothing."""

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, images):
        return images * self.gain


@pytest.fixture
def checkpoint(tmp_path):
    torch.manual_seed(3)
    path = tmp_path / 'segmentor.pth'
    torch.save(MODELS.build(SEGMENTOR).state_dict(), path)
    return str(path)


def build(**options):
    model = MODELS.build(
        ConfigDict(
            dict(
                type='CycleGAN',
                generator=GENERATOR,
                discriminator=DISCRIMINATOR,
                pool_size=5) | options))
    model.init_weights()
    return model.train()


def make_batch(seed=0, source=(16, 24), target=(24, 16), num=2):
    generator = torch.Generator().manual_seed(seed)
    inputs, samples = {}, {}
    for branch, size in (('source', source), ('target', target)):
        inputs[branch] = 2 * torch.rand(num, 3, *size, generator=generator) - 1
        samples[branch] = [sample(*size) for _ in range(num)]
    return inputs, samples


def total(losses, *words):
    return sum(value for name, value in losses.items() if any(
        word in name for word in words or ('loss', )))


def have_gradient(module):
    return all(p.grad is not None and p.grad.abs().sum() > 0
               for name, p in module.named_parameters()
               if not name.endswith('bias'))


def have_none(module):
    return all(p.grad is None for p in module.parameters())


def test_identity_generators_cost_nothing(checkpoint):
    model = build(
        generator=dict(type='SameImage'),
        perceptual=dict(segmentor=SEGMENTOR, checkpoint=checkpoint))
    losses = model.loss(*make_batch())
    for word in ('cycle', 'identity', 'perceptual'):
        found = [v for name, v in losses.items() if word in name]
        assert len(found) >= 2 and all(v.item() < 1e-9 for v in found), word


def test_weights_of_the_losses():
    batch = make_batch()
    torch.manual_seed(0)
    model = build()
    torch.manual_seed(0)
    other = build(
        adversarial_loss_weight=2.,
        cycle_loss_weight=5.,
        identity_loss_weight=20.)
    one, two = model.loss(*batch), other.loss(*batch)
    for word, ratio in (('adversarial', 2), ('cycle', 0.5), ('identity', 4),
                        ('discriminator', 1)):
        assert total(two, word).item() == pytest.approx(
            ratio * total(one, word).item(), rel=1e-5)
    without = build(identity_loss_weight=0.).loss(*batch)
    assert not any('identity' in name for name in without)


@pytest.mark.parametrize('word', ['adversarial', 'cycle', 'identity'])
def test_generator_losses_reach_generators_alone(word):
    model = build()
    total(model.loss(*make_batch()), f'loss_{word}').backward()
    assert have_gradient(model.generators)
    assert have_none(model.discriminators)


def test_discriminator_losses_reach_discriminators_alone():
    model = build()
    total(model.loss(*make_batch()), 'loss_discriminator').backward()
    assert have_none(model.generators)
    assert have_gradient(model.discriminators)


def test_perceptual_loss_reaches_generators_alone(checkpoint):
    model = build(perceptual=dict(segmentor=SEGMENTOR, checkpoint=checkpoint))
    frozen = model.perceptual.segmentor.segmentor
    before = copy.deepcopy(frozen.state_dict())
    total(model.loss(*make_batch()), 'perceptual').backward()
    assert have_gradient(model.generators)
    assert have_none(model.discriminators) and have_none(frozen)
    assert not any(m.training for m in frozen.modules())
    for key, value in frozen.state_dict().items():
        assert torch.equal(value, before[key]), key
    assert not any('perceptual' in key for key in model.state_dict())


def test_perceptual_loss_sees_files_of_its_own_preprocessor(checkpoint):
    """Six passes, of BGR images in 0..255."""
    model = build(perceptual=dict(segmentor=SEGMENTOR, checkpoint=checkpoint))
    seen = []
    logits = model.perceptual.segmentor.logits
    model.perceptual.segmentor.logits = (
        lambda images: (seen.append(images), logits(images))[1])
    inputs, samples = make_batch()
    model.loss(inputs, samples)
    assert [len(images) for images in seen] == [2, 4, 2, 4]
    torch.testing.assert_close(seen[0], (inputs['source'] + 1).flip(1) * 127.5)


# -- the authors' loop ----------------------------------------------------


def cost(scores, real):
    return F.mse_loss(scores, torch.full_like(scores, float(real)))


def alternate(nets, pools, batches, again=False):
    """Generators step ahead of the discriminators' losses.

    ``again`` makes the fakes anew behind that step, which is another update.
    """
    to_b, to_a, dis_a, dis_b = nets
    adam = dict(lr=1e-3, betas=(0.5, 0.999))
    steps = [
        torch.optim.Adam(
            itertools.chain(*(n.parameters() for n in pair)), **adam)
        for pair in ((to_b, to_a), (dis_a, dis_b))
    ]
    for seed, (inputs, _) in enumerate(batches):
        a, b = inputs['source'], inputs['target']
        fake_b = to_b(a)
        rec_a = to_a(fake_b)
        fake_a = to_a(b)
        rec_b = to_b(fake_a)
        for d in (dis_a, dis_b):
            d.requires_grad_(False)
        loss = cost(dis_b(fake_b), True) + cost(dis_a(fake_a), True)
        loss = loss + 10 * F.l1_loss(rec_a, a) + 10 * F.l1_loss(rec_b, b)
        loss = loss + 5 * F.l1_loss(to_b(b), b) + 5 * F.l1_loss(to_a(a), a)
        steps[0].zero_grad()
        loss.backward()
        steps[0].step()
        if again:
            with torch.no_grad():
                fake_b, fake_a = to_b(a), to_a(b)
        for d in (dis_a, dis_b):
            d.requires_grad_(True)
        steps[1].zero_grad()
        torch.manual_seed(seed)
        for d, real, fake, pool in ((dis_b, b, fake_b, pools[1]),
                                    (dis_a, a, fake_a, pools[0])):
            shown = pool.query(fake)
            (0.5 * (cost(d(real), True) + cost(d(shown), False))).backward()
        steps[1].step()


def largest_difference(iterations, **options):
    torch.manual_seed(0)
    model = build().double()
    nets = [copy.deepcopy(model.generators[x]) for x in model.generators]
    nets += [
        copy.deepcopy(model.discriminators[x]) for x in ('source', 'target')
    ]
    pools = copy.deepcopy([model.pools[x] for x in ('source', 'target')])
    batches = []
    for seed in range(iterations):
        inputs, samples = make_batch(seed)
        batches.append(({k: v.double() for k, v in inputs.items()}, samples))
    alternate(nets, pools, batches, **options)
    adam = dict(type='Adam', lr=1e-3, betas=(0.5, 0.999))
    wrapper = build_optim_wrapper(
        model,
        dict(
            type='OptimWrapper',
            constructor='JointOptimWrapperConstructor',
            optimizer=dict(generators=adam, discriminators=adam)))
    for seed, batch in enumerate(batches):
        torch.manual_seed(seed)
        wrapper.update_params(model.parse_losses(model.loss(*batch))[0])
    ours = [
        *model.generators.values(), model.discriminators['source'],
        model.discriminators['target']
    ]
    return max((one - other).abs().max().item() for x, y in zip(ours, nets)
               for one, other in zip(x.parameters(), y.parameters()))


def test_equals_the_alternation():
    worst = largest_difference(20)
    assert worst < 1e-8, f'largest difference {worst}'


def test_fakes_made_anew_differ():
    """The test can tell a wrong update from a right one."""
    worst = largest_difference(5, again=True)
    assert worst > 1e-5, f'largest difference {worst}'


# -- translation ----------------------------------------------------------


def test_translates_any_size():
    model = build().eval()
    images = 2 * torch.rand(1, 3, 18, 23) - 1
    made = model(images)
    assert made.shape == images.shape
    padded = F.pad(images, (0, 1, 0, 2), mode='reflect')
    torch.testing.assert_close(
        made, model.generators['source2target'](padded)[:, :, :18, :23])
    back = model.translate(images, 'target2source')
    assert not torch.allclose(back, made)


def test_prediction_is_bytes_that_a_judge_reads(checkpoint):
    model = build(judge=dict(segmentor=SEGMENTOR, checkpoint=checkpoint))
    model.eval()
    loaded = torch.randint(256, (3, 32, 32), dtype=torch.uint8)
    found, = model.test_step(
        dict(inputs=[loaded], data_samples=[sample(32, 32)]))
    made = found.translated.data
    assert made.dtype == torch.uint8 and made.shape == (3, 32, 32)
    expected, = model.judge.predict(made[None].float(), [sample(32, 32)])
    assert torch.equal(found.pred_sem_seg.data, expected.pred_sem_seg.data)


def test_identity_translation_keeps_the_bytes():
    model = build(generator=dict(type='SameImage')).eval()
    loaded = torch.randint(256, (3, 8, 10), dtype=torch.uint8)
    found, = model.test_step(
        dict(inputs=[loaded], data_samples=[sample(8, 10)]))
    assert torch.equal(found.translated.data, loaded)


def test_checkpoint_keeps_the_pools():
    model = build()
    for seed in range(4):
        model.loss(*make_batch(seed))
    other = build()
    other.load_state_dict(model.state_dict())
    for domain, pool in model.pools.items():
        assert len(pool.images) == 5
        assert torch.equal(pool.images, other.pools[domain].images)


def test_autocast_computes_losses_in_float32():
    model = build()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = model.loss(*make_batch())
    assert all(v.dtype == torch.float32 for v in losses.values())
    total(losses).backward()
    assert have_gradient(model.generators)


class TestBadInput:

    def test_preprocessor_of_a_segmentor(self):
        """As the runner hands it on from the top of a config."""
        segmentors = dict(
            type='SegDataPreProcessor',
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375],
            bgr_to_rgb=True)
        message = r'in \[-1, 1\], but .* mean '
        with pytest.raises(ValueError, match=message + r'\[123.675'):
            build(data_preprocessor=segmentors)
        with pytest.raises(ValueError, match=message + 'None'):
            build(data_preprocessor=dict(type='SegDataPreProcessor'))

    def test_branches(self):
        inputs, samples = make_batch()
        with pytest.raises(ValueError, match='needs the branches .*target'):
            build().loss(dict(source=inputs['source']), samples)

    def test_padded(self):
        inputs, samples = make_batch()
        samples['target'][1].set_metainfo(
            dict(padding_size=(0, 4, 0, 0), img_path='b.png'))
        with pytest.raises(ValueError, match='b.png had to be padded'):
            build().loss(inputs, samples)

    def test_size(self):
        with pytest.raises(ValueError, match='multiples of 4 but got 18x24'):
            build().loss(*make_batch(source=(18, 24)))

    def test_direction(self):
        with pytest.raises(ValueError, match="direction must be one of"):
            build(direction='day2night')

    def test_perceptual_loss_without_weights(self):
        with pytest.raises(ValueError, match='perceptual.checkpoint is None'):
            build(perceptual=dict(segmentor=SEGMENTOR))
