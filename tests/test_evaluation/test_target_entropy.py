import math

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from mmseg.registry import METRICS

import mmseg_ext  # noqa: F401
from mmseg_ext.evaluation import TargetEntropy


def evaluate(*scores, **kwargs):
    metric = TargetEntropy(**kwargs)
    for one in scores:
        metric.process({}, [dict(seg_logits=dict(data=one))])
    return metric.evaluate(len(scores))


def entropy(prob):
    """Normalised, of the last axis."""
    prob = np.asarray(prob, dtype=np.float64)
    return -(prob * np.log(prob)).sum(-1) / math.log(prob.shape[-1])


def test_means_are_over_all_pixels():
    torch.manual_seed(0)
    scores = [3 * torch.randn(5, 6, 7), torch.randn(5, 2, 3)]
    prob = np.concatenate(
        [one.double().softmax(0).flatten(1).T.numpy() for one in scores])
    figures = evaluate(*scores)
    expected = entropy(prob).mean()
    assert figures['target_entropy'] == pytest.approx(expected, abs=1e-5)
    information = entropy(prob.mean(0)) - expected
    assert figures['target_information'] == pytest.approx(
        information, abs=2e-5)
    assert figures['predicted_classes'] == 5


def test_collapse_is_told_from_certainty():
    certain = torch.zeros(4, 2, 8)
    for c in range(4):
        certain[c, :, 2 * c:2 * c + 2] = 50.
    good = evaluate(certain)
    collapsed = torch.zeros(4, 2, 8)
    collapsed[1] = 50.
    bad = evaluate(collapsed)
    assert good['target_entropy'] == bad['target_entropy'] == 0
    assert (good['target_information'], bad['target_information']) == (1, 0)
    assert (good['predicted_classes'], bad['predicted_classes']) == (4, 1)


def test_scores_of_masks():
    """Sums of class times mask probability are no logits."""
    certain = torch.zeros(4, 2, 2)
    certain[1] = 0.9
    figures = evaluate(certain, scores='shares')
    assert figures['target_entropy'] == pytest.approx(0, abs=1e-4)
    assert evaluate(certain)['target_entropy'] > 0.8
    torch.manual_seed(0)
    scores = torch.rand(5, 6, 7)
    expected = entropy((scores / scores.sum(0)).flatten(1).T.numpy()).mean()
    found = evaluate(scores, scores='shares')['target_entropy']
    assert found == pytest.approx(expected, abs=1e-5)
    with pytest.raises(ValueError, match="scores is 'shares', but a score"):
        evaluate(-scores, scores='shares')
    with pytest.raises(ValueError, match="must be 'logits' or 'shares'"):
        TargetEntropy(scores='prob')


def test_uniform_prediction():
    assert evaluate(torch.zeros(19, 4, 4))['target_entropy'] == 1


def test_rare_classes_do_not_count_as_predicted():
    scores = torch.zeros(3, 10, 10)
    scores[0] = 5.
    scores[1, 0, 0] = 9.
    scores[2, 1:4] = 9.
    assert evaluate(scores, min_share=0.02)['predicted_classes'] == 2
    assert evaluate(scores, min_share=0.01)['predicted_classes'] == 3


def test_head_of_one_channel_gives_probabilities():
    figures = evaluate(torch.tensor([0.9, 0.9, 0.1, 0.9]).view(1, 2, 2))
    assert figures['target_entropy'] == pytest.approx(0.46900, abs=1e-5)
    assert figures['predicted_classes'] == 2


def test_predicted_classes_are_those_of_the_threshold():
    """A binary head that takes 0.4 for class 1 everywhere."""
    metric = TargetEntropy()
    sample = dict(
        seg_logits=dict(data=torch.full((1, 4, 4), 0.4)),
        pred_sem_seg=dict(data=torch.ones(1, 4, 4)))
    metric.process({}, [sample])
    sample['seg_logits']['data'][:] = 0.6
    metric.process({}, [sample])
    figures = metric.evaluate(2)
    assert figures['predicted_classes'] == 1
    assert figures['target_entropy'] == pytest.approx(
        entropy([0.4, 0.6]), abs=1e-5)


def test_test_time_augmentation_is_refused():
    """The stock model leaves the scores of the last view alone."""
    views = [torch.zeros(3, 8, 8)] * 2, [torch.zeros(3, 4, 4)] * 2
    sample = dict(seg_logits=dict(data=torch.zeros(3, 8, 8)))
    with pytest.raises(ValueError, match='of its 2 views .* without --tta'):
        TargetEntropy().process(dict(inputs=views), [sample] * 2)
    for batch in (dict(inputs=views[0]), None):
        TargetEntropy().process(batch, [sample] * 2)


def test_half_precision():
    scores = 20 * torch.randn(4, 5, 6)
    half = evaluate(scores.half().float())
    assert evaluate(scores.half()) == half


def test_ranks_may_be_gathered_as_lists():
    metric = TargetEntropy()
    for one in (torch.randn(3, 4, 4), torch.randn(3, 2, 2)):
        metric.process({}, [dict(seg_logits=dict(data=one))])
    results = [list(result) for result in metric.results]
    assert metric.compute_metrics(results) == metric.compute_metrics(
        metric.results)


def test_sample_without_scores_is_refused():
    with pytest.raises(ValueError, match=r"'seg_logits'.*\['pred_sem_seg'\]"):
        TargetEntropy().process({}, [dict(pred_sem_seg=None)])


def test_impossible_share():
    with pytest.raises(ValueError, match='min_share'):
        TargetEntropy(min_share=2)


def test_is_registered():
    with DefaultScope.overwrite_default_scope('mmseg'):
        metric = METRICS.build(dict(type='TargetEntropy', prefix='dusk'))
    metric.process({}, [dict(seg_logits=dict(data=torch.zeros(2, 1, 1)))])
    assert metric.evaluate(1)['dusk/target_entropy'] == 1
