import math

import pytest
import torch
from mmseg.registry import MODELS

from mmseg_ext.models.adversaries import (BaseRepresentation,
                                          build_representation)


def logits_of(*probabilities):
    return torch.tensor(probabilities).log().view(1, -1, 1, 1)


def test_published_numbers():
    represent = build_representation('self_information')
    uniform = represent(torch.zeros(1, 19, 1, 1))
    assert uniform[0, 0].item() == pytest.approx(0.0526316, abs=1e-6)
    assert uniform.sum().item() == pytest.approx(1, abs=1e-6)
    two = represent(logits_of(0.9, 0.1))
    assert two.sum().item() == pytest.approx(0.468996, abs=1e-6)
    rest = represent(logits_of(0.9, *[0.1 / 18] * 18))
    assert rest.sum().item() == pytest.approx(0.208570, abs=1e-6)
    peak = represent(logits_of(1 / math.e, *[(1 - 1 / math.e) / 18] * 18))
    assert peak[0, 0].item() == pytest.approx(0.12494, abs=1e-5)
    certain = represent(torch.tensor([60., -60.]).view(1, 2, 1, 1))
    assert torch.isfinite(certain).all() and certain.abs().sum() < 1e-20


def test_self_information_is_the_literal_formula():
    torch.manual_seed(0)
    logits = 5 * torch.randn(2, 7, 6, 5)
    prob = logits.softmax(1)
    literal = -prob * torch.log2(prob + 1e-30) / math.log2(7)
    found = build_representation('self_information')(logits)
    assert (found - literal).abs().max() < 1e-6
    scaled = MODELS.build(
        dict(type='SelfInformationRepresentation', input_scale=8.))
    torch.testing.assert_close(scaled(logits), 8 * found)


@pytest.mark.parametrize('align',
                         ['self_information', 'probability', 'feature'])
def test_gradient_is_the_numeric_one(align):
    torch.manual_seed(0)
    logits = torch.randn(1, 3, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(build_representation(align), logits)


def test_probability_and_feature():
    logits = torch.randn(1, 4, 2, 2)
    assert torch.equal(
        build_representation('probability')(logits), logits.softmax(1))
    assert build_representation('feature')(logits) is logits
    assert not build_representation('feature').of_logits


@pytest.mark.parametrize('align', ['self_information', 'probability'])
def test_float32_in_half_precision(align):
    logits = torch.tensor([60., -60., 0.]).view(1, 3, 1, 1).half()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = build_representation(align)(logits)
    assert found.dtype == torch.float32 and torch.isfinite(found).all()


def test_a_new_representation_is_one_class():

    @MODELS.register_module(force=True)
    class TopScoreRepresentation(BaseRepresentation):

        def forward(self, maps):
            return maps.amax(1, keepdim=True)

    try:
        found = build_representation('top_score')
        assert isinstance(found, TopScoreRepresentation)
        with pytest.raises(ValueError, match="'top_score'"):
            build_representation('entropy')
    finally:
        MODELS.module_dict.pop('TopScoreRepresentation')


def test_unknown_name():
    with pytest.raises(ValueError, match='one of .*self_information.* but is'):
        build_representation('softmax')
