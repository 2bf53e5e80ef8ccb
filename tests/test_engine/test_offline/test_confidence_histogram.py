import numpy as np
import pytest
import torch

from mmseg_ext.engine.offline import (ConfidenceHistogram, least_levels,
                                      to_levels)


def histogram_of(*classes):
    """Of a list of confidences for each class."""
    histogram = ConfidenceHistogram(len(classes))
    for label, values in enumerate(classes):
        levels = to_levels(torch.tensor(values, dtype=torch.float64))
        histogram.update(np.full(len(values), label), levels)
    return histogram


def test_by_hand():
    histogram = histogram_of([.8, .2, .6, .4], [.95] * 5, [], [.3])
    found = histogram.thresholds()
    assert found == pytest.approx([.6, .9, 0., .3], abs=1e-5)
    kept = [row['kept'] for row in histogram.report(found)]
    assert kept == [2, 5, 0, 1]
    rows = histogram.report(found)
    assert rows[0]['confidence'] == pytest.approx(0.5, abs=1e-5)
    assert rows[2] == dict(
        threshold=0., predicted=0, kept=0, kept_ratio=0, confidence=0)


@pytest.mark.parametrize('quantile', [0., 0.2, 0.5, 0.77, 1.])
@pytest.mark.parametrize('cap', [1., 0.7])
def test_against_sorting(quantile, cap):
    rng = np.random.default_rng(0)
    images = [(rng.integers(0, 5, (9, 11)), rng.random((9, 11))**0.3)
              for _ in range(7)]
    histogram = ConfidenceHistogram(6)
    for labels, confidence in images:
        histogram.update(labels, to_levels(torch.from_numpy(confidence)))
    labels = np.concatenate([x.ravel() for x, _ in images])
    confidence = np.concatenate([x.ravel() for _, x in images])
    found = histogram.thresholds(quantile, cap)
    for i, threshold in enumerate(found):
        values = np.sort(confidence[labels == i])
        if not len(values):
            assert threshold == 0
            continue
        place = min(int(np.round(quantile * len(values))), len(values) - 1)
        expected = min(values[place], cap)
        assert threshold == pytest.approx(expected, abs=1 / 65535)
        # the median itself is kept
        report = histogram.report(found)[i]
        assert abs(report['kept'] - (values >= expected).sum()) <= 1


def test_fixed_threshold_of_the_paper():
    histogram = histogram_of([.89, .9, .91], [.1])
    found = histogram.thresholds(fixed=0.9)
    assert found.tolist() == [.9, .9]
    assert [row['kept'] for row in histogram.report(found)] == [2, 0]
    assert least_levels(np.array([0., 1.])).tolist() == [0, 65535]
