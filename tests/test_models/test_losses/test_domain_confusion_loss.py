import pytest
import torch
import torch.nn.functional as F

from mmseg_ext.models.losses import DomainConfusionLoss


def units(scores):
    return torch.ones_like(scores[:, 0]).bool()


@pytest.mark.parametrize('score, value, slope', [(0., 0.693147, 0.),
                                                 (2., 1.126928, 0.380797),
                                                 (-2., 1.126928, -0.380797)])
def test_published_numbers(score, value, slope):
    source, target = torch.full((2, 1, 1, 1, 1), score).requires_grad_()
    source.retain_grad(), target.retain_grad()
    loss = DomainConfusionLoss().segmentor_loss(source, target, units(source),
                                                units(target))
    loss.backward()
    assert loss.item() == pytest.approx(value, abs=1e-6)
    # each domain has half of the weight
    for scores in (source, target):
        assert scores.grad.item() == pytest.approx(slope / 2, abs=1e-6)


def test_is_half_of_both_label_choices():
    generator = torch.Generator().manual_seed(0)
    source = torch.randn(2, 1, 3, 4, generator=generator)
    target = torch.randn(1, 1, 5, 4, generator=generator)
    valid = units(source), units(target)
    loss = DomainConfusionLoss()
    right = loss.discriminator_loss(source, target, *valid)
    wrong = loss.discriminator_loss(-source, -target, *valid)
    found = loss.segmentor_loss(source, target, *valid)
    assert found.item() == pytest.approx((right + wrong).item() / 2, rel=1e-6)
    bce = F.binary_cross_entropy_with_logits
    uniform = [bce(x, torch.full_like(x, 0.5)) for x in (source, target)]
    assert found.item() == pytest.approx(sum(uniform).item() / 2, rel=1e-6)


def test_gradient_is_the_numeric_one():
    generator = torch.Generator().manual_seed(0)
    source, target = [
        torch.randn(1, 1, 2, 3, generator=generator,
                    dtype=torch.float64).requires_grad_() for _ in range(2)
    ]
    valid = units(source), units(target)
    valid[0][..., 0] = False
    assert torch.autograd.gradcheck(
        lambda s, t: DomainConfusionLoss().segmentor_loss(s, t, *valid),
        (source, target))
