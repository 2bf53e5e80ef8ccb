import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmseg_ext.visualization import branch_panels


@pytest.mark.parametrize('channels, shown', [(1, [0, 0, 0]), (2, [0, 0, 0]),
                                             (3, [20, 10, 0]),
                                             (4, [20, 10, 0])])
def test_images_of_any_number_of_channels(channels, shown):
    """BGR images turn to RGB; other channels are left out."""
    image = torch.arange(channels, dtype=torch.uint8)[:, None, None] * 10
    sample = SegDataSample(
        gt_sem_seg=PixelData(data=torch.tensor([[[0, 255]]])))
    panels = branch_panels(
        dict(
            inputs=dict(labeled=image.expand(-1, 1, 2), unlabeled=None),
            data_samples=dict(labeled=sample)), [[100, 100, 100]])
    (_, picture), (title, label) = panels
    assert picture[0].tolist() == [shown] * 2
    assert title == 'labeled: label'
    assert label[0, 1].tolist() == shown
    assert np.abs(label[0, 0] - 0.4 * np.array(shown) - 60).max() <= 1
