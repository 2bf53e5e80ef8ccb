import numpy as np

from mmseg_ext.datasets.transforms import SetOriShape


def test_predictions_are_scored_at_the_current_size():
    results = dict(
        img=np.zeros((5, 7, 3), np.uint8), img_shape=(5, 7), ori_shape=(9, 9))
    assert SetOriShape()(results)['ori_shape'] == (5, 7)
