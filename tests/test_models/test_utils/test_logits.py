import math

import pytest
import torch

from mmseg_ext.models.utils.logits import (decided_class, largest_channel,
                                           prediction_from_logits,
                                           softmax_entropy, two_channel_logits)


def test_two_channels_have_the_sigmoid_as_softmax():
    logits = torch.randn(2, 1, 3, 4)
    prob = two_channel_logits(logits).softmax(1)
    torch.testing.assert_close(prob[:, 1:], logits.sigmoid())
    torch.testing.assert_close(prob[:, :1], 1 - logits.sigmoid())


def test_several_channels_stay():
    logits = torch.randn(2, 3, 3, 4)
    assert two_channel_logits(logits) is logits


@pytest.mark.parametrize('threshold', [None, 0.3, 0.8])
def test_argmax_is_the_decision_of_the_head(threshold):
    logits = torch.linspace(-4, 4, 100).view(1, 1, 1, -1)
    decision = prediction_from_logits(logits, threshold)
    expected = logits.sigmoid()[:, 0] > (threshold or 0.5)
    assert torch.equal(decision, expected.long())
    shown = two_channel_logits(logits, threshold).argmax(1)
    assert torch.equal(shown, decision)
    shown = decided_class(two_channel_logits(logits), threshold)
    assert torch.equal(shown, decision)


def test_prediction_of_classes():
    logits = torch.randn(2, 5, 3, 4)
    assert torch.equal(prediction_from_logits(logits), logits.argmax(1))


@pytest.mark.parametrize('num_classes', [19, 21])
def test_entropy_of_uniform_logits(num_classes):
    entropy = softmax_entropy(torch.full((1, num_classes, 2, 2), 3.))
    assert entropy.shape == (1, 1, 2, 2)
    assert entropy.flatten()[0].item() == pytest.approx(
        math.log(num_classes), abs=1e-4)


def test_entropy_is_finite_and_float32_under_autocast():
    logits = torch.tensor([1000., 0., -1000.]).view(1, 3, 1, 1).bfloat16()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        entropy = softmax_entropy(logits)
    assert entropy.dtype == torch.float32 and entropy.item() == 0


@pytest.mark.parametrize('shape', [(2, 5, 3, 4), (1, 2, 7), (3, 1, 2, 2)])
def test_largest_channel_is_the_argmax(shape):
    # few values, so that many are equal
    scores = torch.randint(0, 3, shape).float().requires_grad_()
    found = largest_channel(scores)
    expected = torch.zeros_like(found)
    for c in reversed(range(shape[1])):
        expected[scores[:, c] == scores.amax(1)] = c
    assert torch.equal(found, expected)
    assert torch.equal(largest_channel(scores, True), expected[:, None])
