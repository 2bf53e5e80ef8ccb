"""Masks and classes of queries, read as classes of pixels."""
import pytest
import torch

from mmseg_ext.models.utils.mask_classification import (class_scores,
                                                        classifies_masks,
                                                        log_shares,
                                                        prediction_logits,
                                                        read_logits)


@pytest.fixture
def output():
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(2, 5, 4, generator=generator, dtype=torch.float64)
    masks = torch.randn(2, 5, 6, 7, generator=generator, dtype=torch.float64)
    return scores, masks


def test_scores_by_hand(output):
    scores, masks = output
    found = class_scores(scores, masks)
    assert found.shape == (2, 3, 6, 7)
    expected = sum(scores[1].softmax(-1)[q, 2] * masks[1, q, 3, 4].sigmoid()
                   for q in range(5))
    assert torch.isclose(found[1, 2, 3, 4], expected)


def test_softmax_is_the_share(output):
    found = class_scores(*output)
    logits = log_shares(found)
    assert torch.allclose(
        logits.softmax(1), found / found.sum(1, keepdim=True))
    assert (logits.argmax(1) == found.argmax(1)).all()


def test_predictions_of_heads(output):
    """Sums give shares; logits, also those of masks, stay as they are."""
    found = class_scores(*output)[0]
    heads = {
        name: type(name, (base, ), {})()
        for name, base in (('FCNHead', torch.nn.Module), ('MaskFormerHead',
                                                          torch.nn.Module))
    }
    masks = heads['MaskFormerHead']
    shares = prediction_logits(masks, found).softmax(0)
    assert torch.allclose(shares, found / found.sum(0))
    assert torch.equal(prediction_logits(heads['FCNHead'], found), found)
    masks.output = 'log_prob'
    assert torch.equal(prediction_logits(masks, found), found)


def test_the_last_layer_is_read(output):
    scores, masks = output
    layers = [torch.zeros_like(scores),
              scores], [torch.zeros_like(masks), masks]
    assert torch.equal(
        read_logits(layers), log_shares(class_scores(scores, masks)))


def test_gradient_where_nothing_is_found():
    scores = torch.full((1, 2, 3), -50.)
    scores[..., -1] = 50.  # all of them say: no class
    scores.requires_grad_()
    masks = torch.full((1, 2, 4, 4), -200., requires_grad=True)
    logits = read_logits(([scores], [masks]))
    assert torch.isfinite(logits).all()
    logits.sum().backward()
    assert torch.isfinite(scores.grad).all()
    assert torch.isfinite(masks.grad).all()


def test_which_heads():
    pytest.importorskip('mmdet')
    from mmseg.models.decode_heads import (FCNHead, Mask2FormerHead,
                                           MaskFormerHead)
    assert classifies_masks(Mask2FormerHead)
    assert classifies_masks(MaskFormerHead)
    assert not classifies_masks(FCNHead)
