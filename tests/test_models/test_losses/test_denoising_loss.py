import pytest
import torch

import mmseg_ext  # noqa: F401
from mmseg_ext.models.losses import DenoisingLoss

SHAPE = (3, 3, 40, 50)


@pytest.fixture
def batch():
    torch.manual_seed(0)
    valid = torch.rand(3, 1, 40, 50) < 0.7
    sigma = torch.tensor([0.2, 0.25, 0.3]).view(-1, 1, 1, 1)
    return torch.randn(SHAPE), torch.randn(SHAPE), valid, sigma


def test_zero_prediction_and_oracle(batch):
    _, target, valid, sigma = batch
    count = 3 * valid.sum().item()
    loss = DenoisingLoss()(torch.zeros(SHAPE), target, valid, sigma)
    assert abs(loss.item() - 1) < 4 * (2 / count)**0.5
    assert DenoisingLoss()(target, target, valid, sigma) == 0


@pytest.mark.parametrize('distance', ['l2', 'l1', 'huber'])
@pytest.mark.parametrize('weighting', ['none', 'sigma2', 'snr'])
def test_formula(batch, distance, weighting):
    pred, target, valid, sigma = (
        x.double() if x.is_floating_point() else x for x in batch)
    pred.requires_grad_()
    loss = DenoisingLoss(
        distance, weighting, sigma=(0.2, 0.3))(pred.float(), target.float(),
                                               valid, sigma.float())
    levels = torch.linspace(0.2, 0.3, 100001).double()
    weight = dict(
        none=lambda s: s**0, sigma2=lambda s: s**2,
        snr=lambda s: s**-2)[weighting]
    error = (pred - target).abs()
    value = dict(
        l2=error**2,
        l1=error,
        huber=torch.where(error < 1, error**2 / 2, error - 0.5))[distance]
    value = value * weight(sigma) / weight(levels).mean()
    expected = value[valid.expand_as(value)].mean()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    got, = torch.autograd.grad(loss, pred, retain_graph=True)
    wanted, = torch.autograd.grad(expected, pred)
    torch.testing.assert_close(got, wanted, atol=1e-8, rtol=1e-4)


def test_padding_gets_no_gradient(batch):
    pred, target, valid, sigma = batch
    pred.requires_grad_()
    DenoisingLoss()(pred, target, valid, sigma).backward()
    assert pred.grad[~valid.expand_as(pred)].abs().max() == 0
    assert (pred.grad[valid.expand_as(pred)] != 0).all()


def test_no_valid_pixel(batch):
    pred, target, valid, sigma = batch
    pred.requires_grad_()
    loss = DenoisingLoss()(pred, target, torch.zeros_like(valid), sigma)
    loss.backward()
    assert loss == 0 and pred.grad.abs().max() == 0


def test_float32_under_autocast(batch):
    pred, target, valid, sigma = batch
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = DenoisingLoss()(pred.bfloat16(), target, valid, sigma)
    assert loss.dtype == torch.float32


def test_errors():
    for options, name in ((dict(distance='l3'),
                           'distance'), (dict(weighting='sigma'), 'weighting'),
                          (dict(weighting='snr'), 'sigma')):
        with pytest.raises(ValueError, match=f'DenoisingLoss.*{name}'):
            DenoisingLoss(**options)
