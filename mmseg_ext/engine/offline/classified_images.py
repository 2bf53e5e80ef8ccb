"""The images of a classification data set of mmpretrain, loaded in order."""
import os.path as osp
from typing import Iterator, List, Optional, Sequence, Tuple

import mmcv
import mmengine.fileio as fileio
import numpy as np
import torch
from mmengine.registry import DefaultScope
from torch.utils.data import DataLoader, Dataset

from ...models.explainers.classifier import require_mmpretrain
from .explanation_store import ClassifiedImage, check_names
from .images import show_progress


def list_classified_images(
    cfg: dict,
    field: str = 'explanation.dataset'
) -> Tuple[List[ClassifiedImage], List[str]]:
    """List the images and the classes of a data set.

    Args:
        cfg (dict): Config of a classification data set of mmpretrain.
        field (str): Config field of it. Defaults to 'explanation.dataset'.

    Returns:
        tuple[list[ClassifiedImage], list[str]]: Sorted images; class names.

    Raises:
        ImportError: If mmpretrain is missing.
        ValueError: If it has no images or no classes.
    """
    require_mmpretrain(field)
    import mmpretrain.datasets  # noqa: F401
    from mmpretrain.registry import DATASETS
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        dataset = DATASETS.build(dict(cfg, pipeline=[], lazy_init=False))
    folder = dataset.data_prefix.get('img_path') or dataset.data_root or '.'
    images = []
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        images.append(
            ClassifiedImage(info['img_path'],
                            osp.relpath(info['img_path'], folder),
                            int(info['gt_label'])))
    classes = list(dataset.metainfo.get('classes') or ())
    if not images or not classes:
        raise ValueError(
            f'{field} has {len(images)} images and {len(classes)} classes: '
            'expected are both, as of folders named after their classes.')
    check_names(images)
    return sorted(images, key=lambda image: image.name), classes


class _Images(Dataset):

    def __init__(self, images: Sequence[ClassifiedImage],
                 short_side: Optional[int]) -> None:
        self.images = images
        self.short_side = short_side

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int):
        """Image (3, h, w) for the network and its size, or what failed."""
        try:
            content = fileio.get(self.images[index].path)
            image = mmcv.imfrombytes(content, channel_order='rgb')
            size = image.shape[:2]
        except Exception as error:  # whatever the decoders raise
            return None, f'{type(error).__name__}: {error}'
        return torch.from_numpy(shorten(image, self.short_side)), size


def shorten(image: np.ndarray, short_side: Optional[int]) -> np.ndarray:
    """Resize an image (H, W, 3) by its shorter side, as (3, h, w)."""
    if short_side is not None and min(image.shape[:2]) != short_side:
        height, width = image.shape[:2]
        factor = short_side / min(height, width)
        size = (round(width * factor), round(height * factor))
        image = mmcv.imresize(image, size, interpolation='bilinear')
    return np.ascontiguousarray(image.transpose(2, 0, 1))


def load_classified_images(images: Sequence[ClassifiedImage],
                           short_side: Optional[int],
                           workers: int = 2) -> Iterator[tuple]:
    """Load images one after the other, with a progress bar.

    Args:
        images (Sequence[ClassifiedImage]): What this rank is to load.
        short_side (int, optional): Pixels of the shorter side; None leaves
            images as they are.
        workers (int): Processes that load. Defaults to 2.

    Yields:
        tuple: The image's entry, its pixels uint8 (3, h, w) RGB and the size
        of its file; None and a sentence if it cannot be read.
    """
    loader = DataLoader(
        _Images(images, short_side),
        batch_size=None,
        num_workers=workers,
        collate_fn=_as_it_is)
    for (pixels,
         size), image in zip(show_progress(loader, len(images)), images):
        yield image, pixels, size


def _as_it_is(item):
    return item
