from typing import Optional, Sequence, Tuple

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from ..memory_bank import MemoryBank


@TRANSFORMS.register_module()
class MemoryCopyPaste(BaseTransform):
    """Pastes stored objects of known classes into an image.

    With probability ``prob``, ``num_objects`` objects, each of a class drawn
    uniformly of those in the bank and then uniformly of its objects, are
    flipped, scaled and pasted at a uniform position, wholly inside the image,
    without blending. Outside the objects no pixel changes.

    Put it behind the geometric transforms and ahead of the photometric ones.
    ``gt_paste_map`` tells the class of every pasted pixel, 0 elsewhere, for
    :class:`WeaklyIncremental`; where the results have ``gt_seg_map`` it is
    written there too, so the transform is an augmentation for any segmentor,
    whose classes must be those of the bank. A pipeline may have several.

    Of `Foundation Model Drives Weakly Incremental Learning for Semantic
    Segmentation <https://arxiv.org/abs/2302.14250>`_. Neither probability nor
    scales of the paper are known to us.

    Required keys: ``img``. Modified keys: ``img``, ``gt_seg_map`` and
    ``gt_pseudo_mask`` where they are. Added keys: ``gt_paste_map`` (np.uint8,
    (H, W)), ``seg_fields``.

    Args:
        bank (str): Folder that ``tools/build_memory_bank.py`` has made. None
            pastes nothing.
        prob (float): Probability of pasting. Defaults to 0.5.
        num_objects (tuple[int, int]): Least and most objects. Defaults to
            (1, 1).
        classes (Sequence[str], optional): Only of these. Defaults to None.
        scale (tuple[float, float]): Range of the scale. Defaults to
            (0.5, 1.5).
        max_ratio (float): Largest side of an object as a share of the
            image's; it is shrunk to it. Defaults to 0.75.
        flip_prob (float): Probability of a horizontal flip. Defaults to 0.5.
        cache_bytes (int): Bytes of decoded objects a worker keeps. Defaults
            to 2**24.

    Raises:
        FileNotFoundError: If there is no such bank.
        ValueError: If a setting is out of range, or the bank lacks a class.
    """

    def __init__(self,
                 bank: Optional[str],
                 prob: float = 0.5,
                 num_objects: Tuple[int, int] = (1, 1),
                 classes: Optional[Sequence[str]] = None,
                 scale: Tuple[float, float] = (0.5, 1.5),
                 max_ratio: float = 0.75,
                 flip_prob: float = 0.5,
                 cache_bytes: int = 2**24) -> None:
        for name, value in dict(prob=prob, flip_prob=flip_prob).items():
            if not 0 <= value <= 1:
                raise ValueError(f'MemoryCopyPaste.{name} must be in [0, 1] '
                                 f'but is {value}.')
        if not 0 < scale[0] <= scale[1]:
            raise ValueError('MemoryCopyPaste.scale must be a rising pair of '
                             f'positive numbers but is {scale}.')
        if not 0 <= num_objects[0] <= num_objects[1]:
            raise ValueError('MemoryCopyPaste.num_objects must be a rising '
                             f'pair of numbers >= 0 but is {num_objects}.')
        if not 0 < max_ratio <= 1:
            raise ValueError('MemoryCopyPaste.max_ratio must be in (0, 1] but '
                             f'is {max_ratio}.')
        self.prob = prob
        self.num_objects = tuple(num_objects)
        self.classes = classes
        self.scale = tuple(scale)
        self.max_ratio = max_ratio
        self.flip_prob = flip_prob
        self.bank = None
        self.labels = []
        if bank is not None:
            self.bank = MemoryBank(bank, cache_bytes)
            self.labels = self.bank.labels(classes)

    def transform(self, results: dict) -> dict:
        """Paste into an image.

        Args:
            results (dict): Results of the pipeline.

        Returns:
            dict: The same with pasted objects.
        """
        paste_map = np.zeros(results['img'].shape[:2], np.uint8)
        before = results.setdefault('gt_paste_map', paste_map)
        fields = results.setdefault('seg_fields', [])
        if 'gt_paste_map' not in fields:
            fields.append('gt_paste_map')
        if not self.labels or np.random.rand() >= self.prob:
            return results
        # a copy: of an image that is flipped we have but a view
        image = np.array(results['img'], order='C')
        for _ in range(
                np.random.randint(self.num_objects[0],
                                  self.num_objects[1] + 1)):
            self._paste(image, paste_map)
        results['img'] = image
        free = paste_map == 0
        # one ahead may have pasted already
        results['gt_paste_map'] = np.where(free, before, paste_map)
        if 'gt_pseudo_mask' in results:
            results['gt_pseudo_mask'] = results['gt_pseudo_mask'] * free
        if 'gt_seg_map' in results:
            labels = results['gt_seg_map']
            labels = np.where(free, labels, paste_map.astype(labels.dtype))
            results['gt_seg_map'] = labels
        return results

    def _paste(self, image: np.ndarray, paste_map: np.ndarray) -> None:
        label = self.labels[np.random.randint(len(self.labels))]
        indices = self.bank.by_label[label]
        cut = self.bank.read(indices[np.random.randint(len(indices))])
        flip = np.random.rand() < self.flip_prob
        size = np.array(cut.shape[:2])
        limit = np.array(image.shape[:2]) * self.max_ratio
        scale = min(np.random.uniform(*self.scale), *(limit / size))
        height, width = np.maximum(1, np.floor(size * scale)).astype(int)
        position = np.random.rand(2) * (
            np.array(image.shape[:2]) - (height, width) + 1)
        top, left = position.astype(int)
        color = cv2.resize(
            cut[..., :3], (width, height), interpolation=cv2.INTER_LINEAR)
        alpha = cv2.resize(
            cut[..., 3], (width, height), interpolation=cv2.INTER_NEAREST)
        if flip:
            color, alpha = cv2.flip(color, 1), cv2.flip(alpha, 1)
        window = np.s_[top:top + height, left:left + width]
        # of one type, or copyTo leaves the image and makes a new array
        color = color.astype(image.dtype, copy=False)
        cv2.copyTo(color, alpha, image[window])
        paste_map[window] = np.where(alpha > 0, np.uint8(label),
                                     paste_map[window])

    def __repr__(self) -> str:
        return (f'{type(self).__name__}('
                f'bank={self.bank.folder if self.bank else None!r}, '
                f'prob={self.prob}, num_objects={self.num_objects}, '
                f'classes={self.classes}, scale={self.scale}, '
                f'max_ratio={self.max_ratio}, flip_prob={self.flip_prob})')
