import math

import pytest
import torch
import torch.nn.functional as F

from mmseg_ext.models.losses import BackgroundWeightedCrossEntropyLoss as Loss


def batch(classes=5, ignore=6, seed=0):
    torch.manual_seed(seed)
    logits = torch.randn(2, classes, 7, 9, requires_grad=True)
    label = torch.randint(0, classes, (2, 7, 9))
    label[torch.rand(label.shape) < 0.3] = ignore
    label[torch.rand(label.shape) < 0.3] = classes - 1
    return logits, label


def value_and_gradient(loss, logits, label, **kwargs):
    logits = logits.detach().clone().requires_grad_()
    value = loss(logits, label, **kwargs)
    value.backward()
    return value.detach(), logits.grad


def test_equals_the_weighted_mean_of_torch():
    logits, label = batch()
    weight = torch.tensor([1., 1., 1., 1., 0.1])
    expected = F.cross_entropy(logits, label, weight, ignore_index=6)
    expected.backward()
    value, gradient = value_and_gradient(Loss(), logits, label, ignore_index=6)
    assert value == pytest.approx(expected.item(), abs=1e-6)
    assert torch.allclose(gradient, logits.grad, atol=1e-7)


def test_three_pixels_by_hand():
    logits = torch.tensor([[2., 0.], [0., 1.], [5., 5.]]).T.reshape(1, 2, 1, 3)
    label = torch.tensor([[[0, 1, 9]]])
    ce = [math.log(1 + math.exp(-2)), math.log(1 + math.exp(-1))]
    expected = (ce[0] + 0.1 * ce[1]) / 1.1
    value = Loss()(logits, label, ignore_index=9)
    assert value.item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize('weight', [0.1, 1., 3.])
def test_of_uniform_logits(weight):
    label = torch.randint(0, 1001, (1, 4, 4))
    value = Loss(background_weight=weight)(
        torch.zeros(1, 1001, 4, 4), label, ignore_index=1001)
    assert value.item() == pytest.approx(6.908755, abs=1e-5)


def test_class_255_counts():
    logits = torch.zeros(1, 1001, 1, 2, requires_grad=True)
    label = torch.tensor([[[255, 1001]]])
    Loss()(logits, label, ignore_index=1001).backward()
    assert (logits.grad[..., 0] != 0).all() and not logits.grad[..., 1].any()


@pytest.mark.parametrize('chunk_size', [None, 3])
def test_all_ignored(chunk_size):
    logits, label = batch()
    value = Loss(chunk_size=chunk_size)(
        logits, torch.full_like(label, 6), ignore_index=6)
    assert value.item() == 0 and value.grad_fn is not None
    value.backward()
    assert not logits.grad.any()


@pytest.mark.parametrize('chunk_size', [1, 3, 7, 100])
def test_chunks_change_nothing(chunk_size):
    logits, label = batch()
    weight = torch.rand(label.shape)
    for kwargs in (dict(), dict(weight=weight)):
        one, other = (
            value_and_gradient(
                Loss(chunk_size=size), logits, label, ignore_index=6, **kwargs)
            for size in (None, chunk_size))
        assert torch.allclose(one[0], other[0], atol=1e-6)
        assert torch.allclose(one[1], other[1], atol=1e-7)


def test_only_background():
    logits, label = batch()
    value = Loss()(logits, torch.full_like(label, 4), ignore_index=6)
    expected = F.cross_entropy(logits, torch.full_like(label, 4))
    assert value.item() == pytest.approx(expected.item(), abs=1e-5)


def test_background_of_any_index():
    logits, label = batch()
    order = [4, 0, 1, 2, 3]
    moved = torch.where(label == 6, label, (label + 1) % 5)
    one = Loss()(logits, label, ignore_index=6)
    other = Loss(background_index=0)(logits[:, order], moved, ignore_index=6)
    assert one.item() == pytest.approx(other.item(), abs=1e-6)


def test_full_precision_under_autocast():
    logits, label = batch()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        value = Loss()(logits.bfloat16(), label, ignore_index=6)
    assert value.dtype == torch.float32


@pytest.mark.parametrize('kwargs,match', [
    (dict(background_weight=-0.1), 'background_weight must be >= 0'),
    (dict(chunk_size=0), 'chunk_size must be >= 1'),
])
def test_wrong_arguments(kwargs, match):
    with pytest.raises(ValueError, match=match):
        Loss(**kwargs)
    logits, label = batch()
    with pytest.raises(ValueError, match='is 1000, but the head has 5'):
        Loss(background_index=1000)(logits, label)
