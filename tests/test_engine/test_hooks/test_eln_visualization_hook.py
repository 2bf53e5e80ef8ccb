from types import SimpleNamespace

import numpy as np
import pytest
from torch import nn

from mmseg_ext.engine.hooks import ELNVisualizationHook
from mmseg_ext.visualization import error_localization_row


def test_row_tells_recall_and_precision():
    truth = np.array([[0, 0], [1, 255]])
    prediction = np.array([[0, 1], [0, 0]])
    valid = np.array([[True, False], [True, False]])
    row = error_localization_row(
        np.zeros((2, 2, 3), np.uint8), truth, prediction, valid, [(255, 0, 0),
                                                                  (0, 255, 0)])
    titles = [title for title, _ in row]
    # one of two errors is found; the void pixel does not count
    assert titles == [
        'image', 'ground truth', 'teacher', 'true errors 67%',
        'localised: recall 50%, precision 100%', 'kept pseudo label 50%'
    ]
    errors = dict(row)['true errors 67%']
    assert errors[0, 0].min() > 200
    assert errors[0, 1, 0] > errors[0, 1, 1]
    assert errors[1, 1].tolist() == [120] * 3


def test_algorithm_without_localisation_is_refused():
    with pytest.raises(TypeError, match='localises errors'):
        ELNVisualizationHook().before_run(
            SimpleNamespace(model=nn.Linear(1, 1)))
    with pytest.raises(ValueError, match='num_images is 0'):
        ELNVisualizationHook(num_images=0)


def test_images_lie_evenly_over_the_data():
    hook = ELNVisualizationHook(num_images=4)
    hook._choose(range(100))
    assert hook._chosen == {0, 25, 50, 75}
    hook._choose(range(2))
    assert hook._chosen == {0, 1}
    hook._choose(())
    assert hook._chosen == set()
