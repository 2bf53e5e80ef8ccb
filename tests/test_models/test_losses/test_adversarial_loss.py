import math

import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS

from mmseg_ext.models.losses import (LeastSquaresAdversarialLoss,
                                     VanillaAdversarialLoss)

LOSSES = [VanillaAdversarialLoss, LeastSquaresAdversarialLoss]


def example(seed=0):
    generator = torch.Generator().manual_seed(seed)
    source = 2 * torch.randn(2, 1, 3, 4, generator=generator)
    target = 2 * torch.randn(3, 1, 2, 5, generator=generator)
    return source, target, units(source), units(target)


def units(scores):
    return torch.ones_like(scores[:, 0]).bool()


@pytest.mark.parametrize('kind, adversarial, discriminator',
                         [('VanillaAdversarialLoss', math.log(2), math.log(2)),
                          ('LeastSquaresAdversarialLoss', 0., 0.5)])
def test_published_numbers_at_zero(kind, adversarial, discriminator):
    loss = MODELS.build(dict(type=kind))
    scores = torch.zeros(1, 1, 2, 3)
    args = scores, scores, units(scores), units(scores)
    assert loss.segmentor_loss(*args).item() == pytest.approx(adversarial)
    assert loss.discriminator_loss(
        *args).item() == pytest.approx(discriminator)


def test_vanilla_is_binary_cross_entropy():
    source, target, *valid = example()
    loss = VanillaAdversarialLoss()
    bce = F.binary_cross_entropy_with_logits
    expected = 0.5 * bce(source, torch.zeros_like(source)) + 0.5 * bce(
        target, torch.ones_like(target))
    found = loss.discriminator_loss(source, target, *valid)
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)
    found = loss.segmentor_loss(None, target, None, valid[1])
    assert found.item() == pytest.approx(
        bce(target, torch.zeros_like(target)).item(), rel=1e-6)


def test_least_squares_formula():
    source, target, *valid = example()
    loss = LeastSquaresAdversarialLoss()
    found = loss.discriminator_loss(source, target, *valid)
    expected = 0.5 * (source**2).mean() + 0.5 * ((target - 1)**2).mean()
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)
    found = loss.segmentor_loss(None, target, None, valid[1])
    assert found.item() == pytest.approx((target**2).mean().item(), rel=1e-6)


@pytest.mark.parametrize('kind', LOSSES)
def test_units_on_padding_do_not_count(kind):
    source, target, source_valid, target_valid = example()
    source_valid[1], target_valid[:, :, 2:] = False, False
    loss = kind()
    found = loss.discriminator_loss(source, target, source_valid, target_valid)
    cut = source[:1], target[..., :2]
    expected = loss.discriminator_loss(*cut, *map(units, cut))
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize('kind', LOSSES)
def test_connected_zero_without_a_unit(kind):
    source, target, *valid = example()
    source.requires_grad_(), target.requires_grad_()
    none = [mask & False for mask in valid]
    total = kind().discriminator_loss(source, target, *none)
    total = total + kind().segmentor_loss(source, target, *none)
    assert total.item() == 0
    total.backward()
    assert source.grad.abs().sum() == target.grad.abs().sum() == 0


def test_accuracy():
    source = torch.tensor([-1., -1., 2., 3.]).view(1, 1, 1, 4)
    target = torch.tensor([1., -1.]).view(1, 1, 1, 2)
    valid = units(source), units(target)
    found = VanillaAdversarialLoss().accuracy(source, target, *valid)
    assert found.item() == 0.5
    valid[0][..., 2:] = False
    found = VanillaAdversarialLoss().accuracy(source, target, *valid)
    assert found.item() == 0.75
    # its labels are 0 and 1
    halves = torch.full((1, 1, 1, 2), 0.4), torch.full((1, 1, 1, 2), 0.6)
    found = LeastSquaresAdversarialLoss().accuracy(*halves,
                                                   *map(units, halves))
    assert found.item() == 1


@pytest.mark.parametrize('kind', LOSSES)
def test_float32_under_autocast(kind):
    source, target, *valid = example()
    half = source.bfloat16(), target.bfloat16()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = kind().discriminator_loss(*half, *valid)
    assert found.dtype == torch.float32
    expected = kind().discriminator_loss(*[x.float() for x in half], *valid)
    assert found.item() == expected.item()
