import cv2
import numpy as np
import pytest
import torch

from mmseg_ext.datasets.transforms import GenerateBoundaryMap
from mmseg_ext.utils.boundary_map import boundary_map


def by_distance(label, radius, classes, ignored=()):
    """Union over the classes of distances to the other side of their masks."""
    found = np.zeros(label.shape, bool)
    for index in set(range(classes)) - set(ignored):
        mask = np.pad(label == index, 1).astype(np.uint8)
        if not mask.any():
            continue
        for side in (mask, 1 - mask):
            distance = cv2.distanceTransform(side, cv2.DIST_L2,
                                             cv2.DIST_MASK_PRECISE)
            near = (distance > 0) & (distance <= radius + 1e-3)
            found |= near[1:-1, 1:-1]
    return found


def card(seed):
    """Blobs of four classes and void, and a single pixel."""
    generator = torch.Generator().manual_seed(seed)
    small = torch.randn(1, 5, 5, 6, generator=generator)
    label = torch.nn.functional.interpolate(small, (31, 40)).argmax(1)
    label[label == 4] = 255
    label[0, 10, 10] = (label[0, 10, 10] + 1) % 4
    return label


@pytest.mark.parametrize('radius', [1, 2, 3, 1.5])
@pytest.mark.parametrize('ignored', [(), (0, )])
def test_equals_the_distance_transform(radius, ignored):
    for seed in range(5):
        label = card(seed)
        found = boundary_map(label, radius, ignore_classes=ignored)
        expected = by_distance(label[0].numpy(), radius, 4, ignored)
        assert np.array_equal(found[0].numpy(), expected)


def test_void_alone_has_no_boundary():
    assert not boundary_map(torch.full((1, 8, 9), 255)).any()


def test_one_class_has_the_frame():
    label = torch.zeros(1, 8, 9, dtype=torch.long)
    found = boundary_map(label, 2)[0]
    assert found.sum() == 8 * 9 - 4 * 5 and not found[2:-2, 2:-2].any()
    assert not boundary_map(label, 2, image_border=False).any()


def test_transform():
    label = card(0)[0].numpy().astype(np.uint8)
    transform = GenerateBoundaryMap(radius=1)
    found = transform(dict(gt_seg_map=label))['gt_edge_map']
    assert found.dtype == np.uint8 and set(np.unique(found)) == {0, 1}
    assert np.array_equal(found > 0, by_distance(label, 1, 4))
    with pytest.raises(ValueError, match='behind LoadAnnotations'):
        transform({})
