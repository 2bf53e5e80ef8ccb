import math

import pytest
from mmengine.logging import MessageHub

from mmseg_ext.models.utils.loss_weights import (DANNRamp, LinearWeight,
                                                 build_loss_weight)


@pytest.fixture
def hub():
    return MessageHub.get_instance('loss_weights')


def reference(t, max_weight, gamma, iters):
    return max_weight * (2 / (1 + math.exp(-gamma * t / iters)) - 1)


def test_number_is_constant():
    assert build_loss_weight(1e-3)() == 1e-3
    assert build_loss_weight(0)() == 0


@pytest.mark.parametrize('t', [0, 1, 600, 1200, 5000])
def test_ramp_follows_the_iteration_of_the_hub(hub, t):
    weight = build_loss_weight(
        dict(type='DANNRamp', max_weight=0.1, gamma=10, iters=1200))
    hub.update_info('iter', t)
    assert weight() == pytest.approx(reference(t, 0.1, 10, 1200), abs=1e-12)


def test_ramp_does_not_overflow():
    assert DANNRamp(2., iters=1).at(10**9) == 2


def test_linear_weight(hub):
    weight = build_loss_weight(
        dict(type='LinearWeight', start=0.4, end=0.2, iters=10))
    for iteration, value in ((0, 0.4), (5, 0.3), (10, 0.2), (99, 0.2)):
        hub.update_info('iter', iteration)
        assert weight() == pytest.approx(value)
    with pytest.raises(ValueError, match='LinearWeight.iters'):
        LinearWeight(1., 0., iters=0)


def test_ramp_counts_from_its_begin(hub):
    hub.update_info('iter', 700)
    expected = reference(200, 1., 10, 1200)
    assert DANNRamp(begin=500)() == pytest.approx(expected)
    assert DANNRamp(begin=900)() == 0
    hub.update_info('stage_begin', 500)
    assert DANNRamp()() == pytest.approx(expected)
    assert DANNRamp(begin=0)() == pytest.approx(reference(700, 1., 10, 1200))


@pytest.mark.parametrize('weight, error, match', [
    ('large', TypeError, "field must be .* 'large'"),
    (True, TypeError, 'field must be a number'),
    (dict(max_weight=1), TypeError, 'a dict with a `type`'),
    (float('nan'), ValueError, 'field must be finite'),
    (dict(type='DANNRamp', iters=0), ValueError, 'DANNRamp.iters'),
    (dict(type='DANNRamp', gamma=-1), ValueError, 'DANNRamp.gamma'),
    (dict(type='DANNRamp', begin=-1), ValueError, 'DANNRamp.begin'),
])
def test_impossible_weights(weight, error, match):
    with pytest.raises(error, match=match):
        build_loss_weight(weight, 'field')
