import itertools
import math
import pickle

import pytest
import torch
from mmengine.registry import DefaultScope
from mmseg.registry import METRICS

import mmseg_ext  # noqa: F401
from mmseg_ext.evaluation import ErrorLocalizationMetric


def sample(gt, pred, kept, score=None, confidence=None):

    def field(values, dtype):
        return dict(data=torch.tensor(values, dtype=dtype).view(1, 1, -1))

    fields = dict(
        gt_sem_seg=field(gt, torch.uint8),
        pred_sem_seg=field(pred, torch.long),
        pred_valid=field(kept, torch.bool))
    if score is not None:
        fields['valid_score'] = field(score, torch.float)
    if confidence is not None:
        fields['pred_confidence'] = field(confidence, torch.float)
    return fields


def evaluate(samples, **kwargs):
    metric = ErrorLocalizationMetric(**kwargs)
    metric.dataset_meta = dict(classes=('a', 'b'))
    for one in samples:
        metric.process({}, [one])
    return metric.evaluate(len(samples))


# Errors at 3 and 4; two pixels dropped, of which one is an error; one void.
MIXED = sample([0, 0, 1, 1, 1, 255], [0, 0, 1, 0, 0, 0], [1, 0, 1, 0, 1, 0])
# All right, all kept.
PERFECT = sample([0, 1, 1], [0, 1, 1], [1, 1, 1])
# All right, one dropped.
TIMID = sample([0, 1, 1, 0], [0, 1, 1, 0], [1, 1, 1, 0])


def test_one_image():
    figures = evaluate([MIXED])
    assert figures['error_precision'] == 50
    assert figures['error_recall'] == 50
    assert figures['error_f1'] == 50
    assert figures['valid_precision'] == 66.67
    assert figures['valid_recall'] == 66.67
    assert figures['accuracy'] == 60
    assert figures['accepted_rate'] == 60
    assert figures['accepted_accuracy'] == 66.67
    assert 'auroc' not in figures


def test_means_over_images_and_skipped_ones():
    figures = evaluate([MIXED, PERFECT, TIMID])
    # PERFECT has neither errors nor predicted errors; TIMID counts as 0.
    assert figures['error_skipped'] == 1 and figures['valid_skipped'] == 0
    assert figures['error_precision'] == 25
    assert figures['error_f1'] == 25
    assert figures['valid_recall'] == pytest.approx(
        100 * (2 / 3 + 1 + 3 / 4) / 3, abs=0.005)


def test_micro_averages():
    figures = evaluate([MIXED, PERFECT, TIMID])
    # errors: 1 hit, 2 false alarms, 1 miss; right: 8 hits, 1 wrong, 2 misses
    assert figures['micro_error_precision'] == 33.33
    assert figures['micro_error_recall'] == 50
    assert figures['micro_error_f1'] == 40
    assert figures['micro_valid_precision'] == 88.89
    assert figures['micro_valid_recall'] == 80


def test_image_of_void_is_skipped():
    figures = evaluate([sample([255, 255], [0, 1], [1, 0])])
    assert figures['error_skipped'] == figures['valid_skipped'] == 1
    for name in ('error_f1', 'micro_error_f1', 'accuracy', 'accepted_rate',
                 'accepted_accuracy'):
        assert math.isnan(figures[name]), name


def test_auroc_is_the_chance_of_the_right_order():
    torch.manual_seed(0)
    gt = torch.randint(2, (200, ))
    pred = torch.randint(2, (200, ))
    # On the grid of the bins, so nothing is lost.
    score = torch.randint(64, (200, )) / 64
    score = (score + 0.3 * (gt == pred)).clamp(max=1)
    score = (score * 64).floor() / 64
    kept = score > 0.5
    samples = [
        sample(*(x[i::2].tolist() for x in (gt, pred, kept, score)))
        for i in (0, 1)
    ]
    right, wrong = score[gt == pred].tolist(), score[gt != pred].tolist()
    # The last bin holds 1 too.
    right = [min(x, 63 / 64) for x in right]
    wrong = [min(x, 63 / 64) for x in wrong]
    wins = [(a > b) + (a == b) / 2 for a, b in itertools.product(right, wrong)]
    expected = 100 * sum(wins) / len(wins)
    found = evaluate(samples, num_bins=64)['auroc']
    assert found == pytest.approx(expected, abs=0.006)
    assert 50 < found < 100


def test_confidence_at_the_same_rate_against_brute_force():
    torch.manual_seed(0)
    right = torch.rand(400) < 0.7
    # No two alike, most of them close to 1.
    confidence = 1 - 2.**-(24 * torch.linspace(0.01, 0.6, 400))
    confidence = confidence[torch.randperm(400)]
    kept = torch.rand(400) < 0.4
    figures = evaluate([
        sample(
            [1] * 200,
            right[i::2].tolist(),
            kept[i::2].tolist(),
            confidence=confidence[i::2].tolist()) for i in (0, 1)
    ])
    assert 'auroc' not in figures
    top = torch.zeros(400, dtype=torch.bool)
    top[confidence.argsort(descending=True)[:int(kept.sum())]] = True
    assert figures['confidence_accepted_accuracy'] == pytest.approx(
        100 * right[top].float().mean().item(), abs=0.006)
    hits, alarms, misses = (
        int(x.sum()) for x in (~right & ~top, right & ~top, ~right & top))
    assert figures['confidence_micro_error_f1'] == pytest.approx(
        200 * hits / (2 * hits + alarms + misses), abs=0.006)
    pairs = confidence[right][:, None] > confidence[~right]
    assert figures['confidence_auroc'] == pytest.approx(
        100 * pairs.float().mean().item(), abs=0.006)


def test_tied_confidences_are_taken_alike():
    # Three of four equal pixels are accepted, one of them is wrong.
    figures = evaluate([
        sample([0, 0, 0, 0], [0, 0, 0, 1], [1, 1, 1, 0], confidence=[.9] * 4)
    ])
    assert figures['confidence_accepted_accuracy'] == 75
    assert figures['accepted_accuracy'] == 100
    assert figures['confidence_auroc'] == 50


def test_missing_field_is_named():
    broken = dict(MIXED)
    broken.pop('pred_valid')
    with pytest.raises(ValueError, match="'pred_valid'.*localize_errors"):
        evaluate([broken])


def test_results_may_travel_as_plain_tuples():
    metric = ErrorLocalizationMetric()
    metric.process({}, [MIXED, TIMID])
    plain = [tuple(r) for r in pickle.loads(pickle.dumps(metric.results))]
    assert metric.compute_metrics(plain) == metric.compute_metrics(
        metric.results)


def test_prefix_and_registry():
    with DefaultScope.overwrite_default_scope('mmseg'):
        metric = METRICS.build(
            dict(type='ErrorLocalizationMetric', prefix='unlabeled'))
    metric.process({}, [MIXED])
    assert metric.evaluate(1)['unlabeled/error_f1'] == 50
