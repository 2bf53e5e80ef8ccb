import math

import pytest
import torch
from mmengine.logging import MessageHub

from mmseg_ext.models.losses import BaseTargetLoss, EntropyLoss


def everywhere(logits):
    n, _, h, w = logits.shape
    return torch.ones(n, h, w, dtype=torch.bool)


def reference(logits):
    """Entropy of each pixel, by the formula of the authors' code."""
    prob = logits.softmax(1)
    entropy = -prob * torch.log2(prob + 1e-30)
    return entropy.sum(1) / math.log2(logits.shape[1])


def logits_of(*prob):
    return torch.tensor(prob, dtype=torch.float64).log().view(1, -1, 1, 1)


@pytest.mark.parametrize('logits, expected', [
    (torch.zeros(1, 19, 2, 2), 1.0),
    (logits_of(0.9, 0.1), 0.468996),
    (logits_of(0.9, *[0.1 / 18] * 18), 0.208570),
    (torch.tensor([1., 0.]).view(1, 2, 1, 1), 0.839942),
    (torch.tensor([1.]).view(1, 1, 1, 1), 0.839942),
    (torch.eye(3).view(1, 3, 1, 3) * 1000, 0.),
])
def test_published_numbers(logits, expected):
    loss = EntropyLoss(loss_weight=1.)(logits, everywhere(logits))
    assert loss.item() == pytest.approx(expected, abs=1e-6)


def test_published_gradient():
    logits = torch.tensor([1., 0.]).view(1, 2, 1, 1).requires_grad_()
    EntropyLoss(loss_weight=1.)(logits, everywhere(logits)).backward()
    assert logits.grad.flatten().tolist() == pytest.approx(
        [-0.283651, 0.283651], abs=1e-6)


def test_matches_formula_of_the_authors():
    torch.manual_seed(0)
    logits = 5 * torch.randn(2, 19, 8, 9)
    loss = EntropyLoss(loss_weight=1.)(logits, everywhere(logits))
    assert loss.item() == pytest.approx(
        reference(logits).mean().item(), abs=1e-6)


def test_gradient_in_float64():
    torch.manual_seed(0)
    logits = torch.randn(2, 5, 3, 4, dtype=torch.float64, requires_grad=True)
    valid = torch.rand(2, 3, 4) > 0.3
    EntropyLoss(loss_weight=0.7)(logits, valid).backward()
    log_prob = logits.detach().log_softmax(1)
    prob = log_prob.exp()
    entropy = -(prob * log_prob).sum(1, keepdim=True)
    expected = -prob * (log_prob + entropy) * valid[:, None]
    expected *= 0.7 / math.log(5) / valid.sum().item()
    difference = (logits.grad - expected).abs().max().item()
    assert difference < 1e-12, difference
    assert torch.autograd.gradcheck(
        lambda x: EntropyLoss(loss_weight=1.)(x, valid), logits)


def test_extreme_logits_of_half_precision():
    logits = torch.tensor([60., -60., 0.], dtype=torch.float16)
    logits = logits.view(1, 3, 1, 1).requires_grad_()
    loss = EntropyLoss(loss_weight=1.)(logits, everywhere(logits))
    loss.backward()
    assert loss.dtype == torch.float32 and loss.item() < 1e-6
    assert torch.isfinite(logits.grad).all()


def test_float32_under_autocast():
    torch.manual_seed(0)
    logits = torch.randn(1, 5, 4, 4)
    expected = EntropyLoss(loss_weight=1.)(logits, everywhere(logits))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = EntropyLoss(loss_weight=1.)(logits, everywhere(logits))
    assert loss.dtype == torch.float32
    assert torch.equal(loss, expected)


@pytest.mark.parametrize('top_ratio', [1.0, 0.3])
def test_padding_does_not_count(top_ratio):
    torch.manual_seed(0)
    loss = EntropyLoss(loss_weight=1., top_ratio=top_ratio)
    logits = torch.randn(1, 4, 6, 8, requires_grad=True)
    valid = everywhere(logits)
    valid[:, :, 5:] = False
    found = loss(logits, valid)
    part = logits[..., :5]
    expected = loss(part, everywhere(part))
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)
    found.backward()
    assert logits.grad[..., 5:].abs().max() == 0
    assert logits.grad[..., :5].abs().max() > 0


@pytest.mark.parametrize('top_ratio', [1.0, 0.3])
def test_connected_zero_without_valid_pixels(top_ratio):
    logits = torch.randn(2, 4, 3, 3, requires_grad=True)
    loss = EntropyLoss(top_ratio=top_ratio)(logits, ~everywhere(logits))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(logits.grad, torch.zeros_like(logits))


def test_entropy_range_takes_exactly_the_highest():
    # ten pixels of rising certainty, in a shuffled order
    order = torch.randperm(10, generator=torch.Generator().manual_seed(0))
    logits = torch.zeros(1, 2, 2, 5)
    logits[0, 0] = (order + 1.).view(2, 5)
    logits.requires_grad_()
    loss = EntropyLoss(loss_weight=1., top_ratio=0.3)
    found = loss(logits, everywhere(logits))
    entropy = reference(logits.detach()).flatten()
    assert found.item() == pytest.approx(
        entropy.sort(descending=True)[0][:3].mean().item(), abs=1e-6)
    found.backward()
    chosen = logits.grad.abs().sum(1).flatten() > 0
    assert torch.equal(chosen, order < 3)


def test_entropy_range_is_of_each_image():
    torch.manual_seed(0)
    logits = torch.randn(2, 4, 5, 4) * torch.tensor([1., 9.]).view(2, 1, 1, 1)
    valid = everywhere(logits)
    valid[1, 2:] = False  # 20 and 8 pixels: 6 and 2 count
    found = EntropyLoss(loss_weight=1., top_ratio=0.3)(logits, valid)
    entropy = reference(logits)
    expected = torch.cat(
        [entropy[0].flatten().topk(6)[0],
         entropy[1, :2].flatten().topk(2)[0]]).mean()
    assert found.item() == pytest.approx(expected.item(), abs=1e-6)


def test_full_range_is_plain_minent():
    torch.manual_seed(0)
    logits = torch.randn(2, 4, 5, 4)
    plain = EntropyLoss()(logits, everywhere(logits))
    full = EntropyLoss(top_ratio=1)(logits, everywhere(logits))
    assert torch.equal(plain, full)


def test_mask_of_the_image_fits_logits_of_the_head():
    torch.manual_seed(0)
    logits = torch.randn(1, 4, 3, 4)
    valid = torch.ones(1, 24, 32, dtype=torch.bool)
    valid[:, :, 16:] = False
    loss = EntropyLoss(resize_to=None)
    part = logits[..., :2]
    assert loss(logits, valid).item() == pytest.approx(
        loss(part, everywhere(part)).item(), rel=1e-6)


def test_weight_may_be_a_schedule():
    MessageHub.get_instance('entropy_loss').update_info('iter', 50)
    logits = torch.zeros(1, 3, 2, 2)
    ramp = dict(type='DANNRamp', max_weight=0.1, gamma=10, iters=100)
    loss = EntropyLoss(loss_weight=ramp)(logits, everywhere(logits))
    assert loss.item() == pytest.approx(
        0.1 * (2 / (1 + math.exp(-5)) - 1), rel=1e-5)


@pytest.mark.parametrize('options, match', [
    (dict(top_ratio=0.), 'top_ratio'),
    (dict(top_ratio=1.1), 'top_ratio'),
    (dict(resize_to='image'), 'EntropyLoss.resize_to'),
    (dict(loss_name='entropy'), "EntropyLoss.loss_name is 'entropy'"),
])
def test_impossible_settings(options, match):
    with pytest.raises(ValueError, match=match):
        EntropyLoss(**options)


def test_interface():
    loss = EntropyLoss(level='auxiliary_head.1', loss_name='loss_minent')
    assert isinstance(loss, BaseTargetLoss)
    assert (loss.level, loss.resize_to) == ('auxiliary_head.1', 'input')
    assert loss.loss_name == 'loss_minent'
    assert not loss.state_dict()
