"""Masks of classes of an image, as bits of one map.

Bit b of a pixel tells whether it belongs to the mask of the b-th class of the
image; bit 7 is kept for void, so that a border of 255, which stock transforms
add to label maps, is void here too.
"""
import json
import os.path as osp
from typing import Dict, List, Sequence

import numpy as np

VOID_BIT = 7
CLASS_BITS = (0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15)
"""Bits of the classes of an image in order."""

MASKS = 'masks'
LABELS = 'labels.json'
"""Classes of each image, of which a cache makes its masks."""


def encode_masks(masks: np.ndarray) -> np.ndarray:
    """Write masks as bits.

    Args:
        masks (np.ndarray): bool (P, h, w), in the order of the classes of
            the image, ``P <= 15``.

    Returns:
        np.ndarray: uint16 (h, w).
    """
    bits = np.zeros(masks.shape[1:], np.uint16)
    for bit, mask in zip(CLASS_BITS, masks):
        bits |= mask.astype(np.uint16) << np.uint16(bit)
    return bits


def nearest_cells(cells: int, pixels: int) -> np.ndarray:
    """The cell in which the centre of each pixel lies, int64 (pixels, )."""
    return (2 * np.arange(pixels) + 1) * cells // (2 * pixels)


def check_class_count(classes: Sequence, image: str) -> None:
    """Raise if an image has more classes than a map has bits."""
    if len(classes) > len(CLASS_BITS):
        raise ValueError(f'The image {image} shows {len(classes)} new '
                         f'classes, but a map of masks holds '
                         f'{len(CLASS_BITS)}: split the step.')


def mask_path(folder: str, name: str) -> str:
    """File of the masks of an image in a cache."""
    return osp.join(folder, MASKS, f'{name}.png')


def check_mask_labels(folder: str,
                      labels: Dict[str, List[str]]) -> Dict[str, List[str]]:
    """Raise if a cache has masks of an image that are of other classes.

    Bits do not tell of which classes they are. A cache that was made before
    there was ``labels.json`` says so when it is finished.

    Args:
        folder (str): The cache.
        labels (dict[str, list[str]]): Classes by image, in the order of the
            bits.

    Returns:
        dict[str, list[str]]: Those of all images of the cache.

    Raises:
        ValueError: If masks are of other classes, or of unknown ones.
    """
    known: Dict[str, List[str]] = {}
    for path in (osp.join(folder, LABELS), osp.join(folder, 'finished.json')):
        if osp.isfile(path):
            try:
                with open(path, encoding='utf-8') as file:
                    known = json.load(file)['labels']
            except (ValueError, KeyError, TypeError):
                raise ValueError(f'{path} does not tell the classes of masks: '
                                 'give a new folder as OUT.') from None
            break
    for name, own in labels.items():
        before = known.get(name)
        if before != own and osp.isfile(mask_path(folder, name)):
            raise ValueError(
                f'OUT {folder} has masks of the image {name!r} made with '
                f'{before or "classes that are not on record"}, but '
                f'image_labels says {own}: give a new folder.')
    return {**known, **labels}


def check_pseudo_masks(folder: str, task: str, classes: List[str],
                       infos: Dict[str, dict]) -> dict:
    """Hold a cache against the images that need it, and name their files.

    Args:
        folder (str): Folder that ``tools/cosegment.py`` has made.
        task (str): Name of the task.
        classes (list[str]): Classes of the step in channel order.
        infos (dict[str, dict]): Data info by image. Gets
            ``pseudo_mask_path``.

    Returns:
        dict: The recipe of the cache.

    Raises:
        FileNotFoundError: If the cache is missing or not finished.
        ValueError: If it is of another task, or lacks an image.
    """
    field = 'ClassIncrementalDataset.pseudo_masks'
    try:
        with open(osp.join(folder, 'manifest.json'), encoding='utf-8') as file:
            recipe = json.load(file)['recipe']
        with open(osp.join(folder, 'finished.json'), encoding='utf-8') as file:
            labels = json.load(file)['labels']
    except FileNotFoundError:
        raise FileNotFoundError(
            f'{field} names {folder}, which is no finished cache of masks: '
            'run tools/cosegment.py with this config.') from None
    except (ValueError, KeyError, TypeError):
        raise ValueError(f'{field} names {folder}, whose files are broken: '
                         'remove it and run tools/cosegment.py.') from None
    found = (recipe.get('task'), recipe.get('classes'))
    if found != (task, classes):
        raise ValueError(f'{field} names {folder}, which was made for the '
                         f'task and classes {found}, but the data set has '
                         f'{(task, classes)}.')
    for name, info in infos.items():
        own = [classes[i] for i in info['image_labels']]
        path = mask_path(folder, name)
        if name not in labels or not osp.isfile(path):
            raise ValueError(
                f'{field} names {folder}, which has no masks of the image '
                f'{name!r}: run tools/cosegment.py with this config.')
        if labels[name] != own:
            raise ValueError(
                f'{field} names {folder}, which was made with the classes '
                f'{labels[name]} for the image {name!r}, but image_labels '
                f'says {own}: run tools/cosegment.py with a new folder.')
        info['pseudo_mask_path'] = path
    return recipe
