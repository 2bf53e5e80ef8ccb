import numpy as np
import pytest
import torch

import mmseg_ext  # noqa: F401
from mmseg_ext.evaluation import BoundaryFScoreMetric

CLASSES = ('road', 'car', 'tree')


def blobs(seed):
    generator = torch.Generator().manual_seed(seed)
    small = torch.randn(1, 3, 4, 5, generator=generator)
    return torch.nn.functional.interpolate(
        small, (37, 45), mode='bilinear').argmax(1)[0].numpy()


def boundary(mask):
    """A pixel at a time."""
    height, width = mask.shape
    edge = np.zeros_like(mask)
    for y in range(height):
        for x in range(width):
            edge[y, x] = any(mask[y, x] != mask[y + dy, x + dx]
                             for dy, dx in ((0, 1), (1, 0), (1, 1))
                             if y + dy < height and x + dx < width)
    return edge


def dilated(edge, radius):
    """The union of disks around the pixels."""
    height, width = edge.shape
    out = np.zeros_like(edge)
    y, x = np.mgrid[:height, :width]
    for cy, cx in np.argwhere(edge):
        out |= (y - cy)**2 + (x - cx)**2 <= radius**2
    return out


def brute_force(pred, label, radius):
    void = label == 255
    scores = []
    for index in range(len(CLASSES)):
        found = boundary((pred == index) & ~void)
        wanted = boundary((label == index) & ~void)
        if not found.any() and not wanted.any():
            scores.append(1.)
        elif not found.any() or not wanted.any():
            scores.append(0.)
        else:
            precision = (found & dilated(wanted, radius)).sum() / found.sum()
            recall = (wanted & dilated(found, radius)).sum() / wanted.sum()
            total = precision + recall
            scores.append(2 * precision * recall / total if total else 0.)
    return scores


@pytest.mark.parametrize('radius', [1, 2, 3])
def test_equals_brute_force(radius):
    metric = BoundaryFScoreMetric(radii=(radius, ))
    for seed in range(3):
        pred, label = blobs(seed), blobs(seed + 10)
        label[5:12, 8:20] = 255
        found = metric.score(pred, label, len(CLASSES))[:, 0]
        np.testing.assert_allclose(found, brute_force(pred, label, radius))


def sample(pred, label):
    pack = [dict(data=torch.from_numpy(x)[None]) for x in (pred, label)]
    return dict(pred_sem_seg=pack[0], gt_sem_seg=pack[1])


def run(metric, pairs):
    metric.dataset_meta = dict(classes=CLASSES)
    for pair in pairs:
        metric.process({}, [sample(*pair)])
    return metric.evaluate(len(pairs))


def test_absent_classes():
    only = np.zeros((20, 20), np.int64)
    only[:10] = 1
    half = np.where(only == 1, 0, 0)
    # road and car are found, no tree in either
    assert run(BoundaryFScoreMetric(radii=(3, 5)), [(only, only)]) == dict(
        mBF_3px=100., mBF_5px=100.)
    # car is missed; the prediction has no boundary at all
    counted = run(BoundaryFScoreMetric(radii=(3, )), [(half, only)])
    assert counted == dict(mBF_3px=pytest.approx(100 / 3, abs=0.01))
    skipped = run(
        BoundaryFScoreMetric(radii=(3, ), absent='skip'), [(half, only),
                                                           (only, only)])
    assert skipped == dict(mBF_3px=50.)


@pytest.mark.parametrize('shape', [(1, 6), (6, 1)])
def test_an_image_of_one_row_or_column(shape):
    classes = np.array([0, 0, 0, 1, 1, 1]).reshape(shape)
    assert run(
        BoundaryFScoreMetric(radii=(1, ), absent='skip'),
        [(classes, classes)]) == dict(mBF_1px=100.)


def test_a_head_of_one_channel():
    label = (blobs(0) > 0).astype(np.int64)
    metric = BoundaryFScoreMetric(radii=(1, ), absent='skip')
    assert run(metric,
               [(label.astype(np.float32), label)]) == dict(mBF_1px=100.)


def test_crop():
    """Of the top, left, bottom and right, in this order."""
    pred, label = blobs(0), blobs(10)
    found = BoundaryFScoreMetric(crop=(3, 9, 12, 0)).score(pred, label, 3)
    expected = BoundaryFScoreMetric().score(pred[3:-12, 9:], label[3:-12, 9:],
                                            3)
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(ValueError, match='leaves nothing of .* 37x45'):
        BoundaryFScoreMetric(crop=(20, 0, 20, 0)).score(pred, label, 3)


@pytest.mark.parametrize('options', [
    dict(absent='zero'),
    dict(radii=(0, )),
    dict(crop=(1, 2)),
    dict(crop=(1, 2, -3, 4)),
])
def test_errors(options):
    with pytest.raises(ValueError, match='BoundaryFScoreMetric'):
        BoundaryFScoreMetric(**options)
