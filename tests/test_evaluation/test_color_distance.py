import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from mmseg_ext.evaluation import ColorDistance


@pytest.fixture
def metric(tmp_path):
    init_default_scope('mmseg')
    image = np.full((4, 6, 3), (10, 20, 30), np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    return ColorDistance(
        dict(
            type='UnlabeledImageDataset',
            data_root=str(tmp_path),
            data_prefix=dict(img_path='')))


def grey(*values):
    return torch.tensor(
        values, dtype=torch.uint8)[:, None, None].expand(3, 5, 5)


def test_distance_of_constant_images(metric):
    metric.process(
        dict(inputs=[grey(110, 120, 130)]),
        [dict(translated=dict(data=grey(10, 40, 60)))])
    found = metric.compute_metrics(metric.results)
    # 0, 20 and 30 grey levels in place of 100
    assert found['color_distance'] == pytest.approx(50 / 3, abs=1e-3)
    assert found['untranslated_color_distance'] == 100
    assert found['color_shift'] == pytest.approx(100 - 50 / 3, abs=0.01)


def test_distance_is_that_of_sorted_pixels(metric):
    from mmseg_ext.evaluation.metrics.color_distance import _wasserstein
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (2, 3, 500))
    counts = [
        np.stack([np.bincount(c, minlength=256) for c in image])
        for image in pixels
    ]
    expected = np.abs(np.sort(pixels[0]) - np.sort(pixels[1])).mean()
    assert _wasserstein(*counts) == pytest.approx(expected)


def test_sample_without_translation(metric):
    with pytest.raises(ValueError, match="needs 'translated' in every sample"):
        metric.process(dict(inputs=[grey(1, 2, 3)]), [dict(img_path='a')])
