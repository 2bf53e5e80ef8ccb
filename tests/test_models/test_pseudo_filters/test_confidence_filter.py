import pytest
import torch
from mmseg.registry import MODELS

import mmseg_ext  # noqa: F401


def build(**kwargs):
    return MODELS.build(dict(type='ConfidenceFilter', num_classes=3, **kwargs))


def test_keeps_from_the_threshold_on():
    prob = torch.tensor([[0.5, 0.25, 0.25], [0.2, 0.4, 0.4], [0.1, 0.1, 0.8]])
    logits = prob.log().T.view(1, 3, 1, 3)
    selected = build(threshold=0.5).select(torch.zeros(1, 3, 4, 12), logits)
    assert selected.labels.flatten().tolist()[::2] == [0, 2]
    assert selected.keep.flatten().tolist() == [True, False, True]
    torch.testing.assert_close(selected.score.flatten(), prob.amax(1))


def test_learns_nothing():
    network = build()
    assert not network.trainable and not list(network.parameters())
    assert network.loss(None, None, None, None) == {}


def test_threshold_is_a_probability():
    with pytest.raises(ValueError, match='threshold'):
        build(threshold=95)


def test_threshold_of_a_binary_head_is_for_two_classes():
    with pytest.raises(ValueError, match='decision_threshold is 0.3'):
        build(decision_threshold=0.3)
