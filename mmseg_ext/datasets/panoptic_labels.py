"""Panoptic labels in COCO's format."""
import json
import os
import os.path as osp
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

import numpy as np
from PIL import Image

from ..utils.atomic_io import atomic_open

__all__ = ['panoptic_label', 'read_image', 'write_panoptic_labels']

Label = Tuple[np.ndarray, List[dict]]


def read_image(path: str) -> np.ndarray:
    """Read a label map.

    Args:
        path (str): Image file.

    Returns:
        np.ndarray: Its values, of any type and number of channels.

    Raises:
        ValueError: If the file is damaged.
    """
    try:
        return np.array(Image.open(path))
    except FileNotFoundError:
        raise
    except (OSError, SyntaxError) as error:
        raise ValueError(f'{path} is damaged or no image ({error}).') from None


def panoptic_label(ids: np.ndarray, describe: Callable[[int], dict]) -> Label:
    """Colours and segments of one image.

    Args:
        ids (np.ndarray): Segment of each pixel, 0 for void, (H, W).
        describe (Callable): Gives ``category_id`` and what else is known of
            the segment of an id.

    Returns:
        tuple: RGB of the ids, uint8 (H, W, 3), and the list of segments; area
        and box are those of the pixels.
    """
    ids = ids.astype(np.int32)
    segments = []
    for value in np.unique(ids[ids > 0]).tolist():
        mask = ids == value
        rows = np.flatnonzero(mask.any(1))
        columns = np.flatnonzero(mask.any(0))
        box = [columns[0], rows[0], np.ptp(columns) + 1, np.ptp(rows) + 1]
        segments.append(
            dict(
                dict(id=value, iscrowd=0),
                area=int(mask.sum()),
                bbox=[int(side) for side in box],
                **describe(value)))
    colours = np.stack([ids & 255, ids >> 8 & 255, ids >> 16], axis=-1)
    return colours.astype(np.uint8), segments


def write_panoptic_labels(
        out: str,
        images: Mapping[str, Any],
        read: Callable[[Any], Label],
        categories: List[Dict],
        progress: Optional[Callable[[int, int], None]] = None) -> None:
    """Write the panoptic labels of a data set.

    Args:
        out (str): Folder of the PNG files; the JSON beside it, written last,
            has the same name.
        images (Mapping[str, Any]): What ``read`` is called with, by the name
            of the image below the folder of images.
        read (Callable): Gives colours and segments of an image, see
            :func:`panoptic_label`.
        categories (list[dict]): COCO's categories with ``isthing``.
        progress (Callable, optional): Called with the number of images done
            and of all. Defaults to None.
    """
    os.makedirs(out, exist_ok=True)
    infos, annotations = [], []
    for number, (name, source) in enumerate(images.items()):
        colours, segments = read(source)
        # as mmdet's data sets and its metric look for it
        png = osp.basename(name).replace('.jpg', '.png')
        with atomic_open(osp.join(out, png)) as file:
            Image.fromarray(colours).save(file, format='PNG')
        height, width = colours.shape[:2]
        infos.append(
            dict(id=number, file_name=name, height=height, width=width))
        annotations.append(
            dict(image_id=number, file_name=png, segments_info=segments))
        if progress is not None:
            progress(number + 1, len(images))
    with atomic_open(f'{out}.json', 'w') as file:
        json.dump(
            dict(images=infos, annotations=annotations, categories=categories),
            file)
