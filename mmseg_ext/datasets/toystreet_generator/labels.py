from typing import Dict, List, Tuple

import numpy as np

from .classes import CLASSES, THINGS, VOID

_THING_IDS = tuple(CLASSES.index(name) for name in THINGS)
_MIN_PIXELS = 6


def halve_code(code: np.ndarray) -> np.ndarray:
    """Halve a map of codes by the vote of each two by two pixels.

    Args:
        code (np.ndarray): int32 codes, class + 256 * instance, with even
            sides.

    Returns:
        np.ndarray: Codes of half the size; ``VOID`` where the vote is a tie,
            which happens on borders.
    """
    votes = np.sort(
        np.stack((code[0::2, 0::2], code[0::2, 1::2], code[1::2,
                                                           0::2], code[1::2,
                                                                       1::2])),
        axis=0)
    a, b, c, d = votes
    winner = np.full(a.shape, VOID, dtype=code.dtype)
    # Sorted, equal votes are neighbours: a pair wins unless there are two.
    winner = np.where((a == b) & (c != d), a, winner)
    winner = np.where((c == d) & (a != b), c, winner)
    return np.where(b == c, b, winner)


def separate(code: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Split codes into a semantic map and a map of instances.

    Objects too small to be told apart become void. The others are numbered
    from 1 in the order in which they were painted, far to near.

    Args:
        code (np.ndarray): int32 codes, class + 256 * instance.

    Returns:
        tuple[np.ndarray]: Two uint8 maps: class ids with 255 for void, and
            instance ids with 0 for none.
    """
    labels, ids = code & 255, code >> 8
    sizes = np.bincount(ids.ravel())
    sizes[0] = 0
    small = (ids > 0) & (sizes[ids] < _MIN_PIXELS)
    labels = np.where(small, VOID, labels)
    kept = np.flatnonzero(sizes >= _MIN_PIXELS)[:255]
    renumbered = np.zeros(sizes.size, dtype=np.uint8)
    renumbered[kept] = np.arange(1, kept.size + 1)
    return labels.astype(np.uint8), renumbered[ids]


def panoptic(labels: np.ndarray,
             instances: np.ndarray) -> Tuple[np.ndarray, List[Dict]]:
    """Make COCO's panoptic map and its segments.

    Args:
        labels (np.ndarray): uint8 class ids, 255 for void.
        instances (np.ndarray): uint8 instance ids, 0 for none.

    Returns:
        tuple: The segment ids as RGB (id = R + 256 G + 65536 B; 0 is void),
            and the list of ``segments_info``. The id of an instance is its
            own, the id of the rest of a class 256 plus the class.
    """
    ids = np.where(instances > 0, instances.astype(np.int64),
                   labels.astype(np.int64) + 256)
    ids = np.where(labels == VOID, 0, ids)
    segments = []
    for segment in np.unique(ids):
        if segment == 0:
            continue
        mask = ids == segment
        category = int(labels[mask][0])
        segments.append(
            dict(
                id=int(segment),
                category_id=category,
                iscrowd=0,
                area=int(mask.sum()),
                bbox=_box(mask)))
    rgb = np.stack((ids & 255, ids >> 8, np.zeros_like(ids)), axis=-1)
    return rgb.astype(np.uint8), segments


def detections(labels: np.ndarray, instances: np.ndarray) -> List[Dict]:
    """Make COCO's instance annotations of one image, without their ids.

    Args:
        labels (np.ndarray): uint8 class ids.
        instances (np.ndarray): uint8 instance ids, 0 for none.

    Returns:
        list[dict]: One annotation an instance, its mask in COCO's
            uncompressed run-length code (column by column).
    """
    annotations = []
    for instance in range(1, int(instances.max()) + 1):
        mask = instances == instance
        annotations.append(
            dict(
                category_id=int(labels[mask][0]),
                iscrowd=0,
                area=int(mask.sum()),
                bbox=_box(mask),
                segmentation=dict(
                    size=list(mask.shape), counts=_run_lengths(mask))))
    return annotations


def categories(things_only: bool = False) -> List[Dict]:
    """COCO's list of categories."""
    return [
        dict(
            id=i,
            name=name,
            supercategory='street',
            isthing=int(i in _THING_IDS)) for i, name in enumerate(CLASSES)
        if i in _THING_IDS or not things_only
    ]


def _box(mask: np.ndarray) -> List[int]:
    """COCO's box of a mask: left, top, width, height."""
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    return [
        int(columns[0]),
        int(rows[0]),
        int(columns[-1] - columns[0]) + 1,
        int(rows[-1] - rows[0]) + 1
    ]


def _run_lengths(mask: np.ndarray) -> List[int]:
    flat = mask.ravel(order='F')
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    borders = np.concatenate(([0], changes, [flat.size]))
    runs = np.diff(borders).tolist()
    # The code begins with the number of zeros.
    return [0] + runs if flat[0] else runs
