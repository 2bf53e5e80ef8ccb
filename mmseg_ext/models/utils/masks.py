from typing import Sequence

import torch
import torch.nn.functional as F
from mmseg.utils import SampleList
from torch import Tensor


def stack_labels(data_samples: SampleList) -> Tensor:
    """Label maps of a batch, int64 of shape (N, H, W)."""
    return torch.cat([sample.gt_sem_seg.data for sample in data_samples])


def stack_valid_masks(data_samples: SampleList) -> Tensor:
    """Masks of the pixels that are not padding, bool of shape (N, H, W)."""
    return torch.cat([sample.valid_mask.data for sample in data_samples])


def resize_nearest(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Resize maps of labels or flags (N, H, W) by nearest neighbour."""
    return _resize(maps, size, 'nearest')


def resize_valid_masks(masks: Tensor, size: Sequence[int]) -> Tensor:
    """Resize masks (N, H, W): what lies at the centre of a unit decides."""
    return _resize(masks, size, 'nearest-exact')


def _resize(maps: Tensor, size: Sequence[int], mode: str) -> Tensor:
    if tuple(maps.shape[1:]) == tuple(size):
        return maps
    resized = F.interpolate(maps[:, None].float(), tuple(size), mode=mode)
    return resized[:, 0].to(maps.dtype)
