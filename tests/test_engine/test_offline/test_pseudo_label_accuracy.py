import numpy as np
import pytest

from mmseg_ext.engine.offline import PseudoLabelAccuracy


def test_by_hand():
    accuracy = PseudoLabelAccuracy(4)
    predicted = np.array([[0, 0, 1, 1, 2]])
    kept = np.array([[0, 255, 1, 1, 255]])
    truth = np.array([[0, 1, 1, 0, 255]])
    accuracy.update(predicted, kept, truth)
    rows = accuracy.report()
    assert [row['accuracy'] for row in rows] == [0.5, 0.5, 0, 0]
    assert [row['kept_accuracy'] for row in rows] == [1, 0.5, 0, 0]
    total = accuracy.total()
    assert total['accuracy'] == 0.5
    assert total['kept_accuracy'] == pytest.approx(2 / 3)
    accuracy.update(predicted, kept, truth)
    assert accuracy.total() == total
