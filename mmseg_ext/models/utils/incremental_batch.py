"""What samples of an incremental step tell, and what is made of them."""
from typing import List, NamedTuple, Optional, Sequence, Tuple

import torch
from mmseg.utils import SampleList
from torch import Tensor

from . import incremental_targets as targets
from .masks import resize_nearest


class IncrementalBatch(NamedTuple):
    """What a batch tells beside its images, on the grid of the logits.

    Args:
        masks (Tensor): Shares of the masks of new classes, (N, K_n, h, w).
        shown (Tensor): New classes that the images show, (N, K_n, 1, 1).
        pasted (Tensor): Class of pasted pixels, else 0, int64 (N, h, w).
        valid (Tensor): 0 on void and padding, (N, 1, h, w).
        old_shown (Tensor, optional): 1 for background and for old classes
            that the images show or that were pasted, (N, K_o, 1, 1); None
            where labels of old classes are not known.
    """
    masks: Tensor
    shown: Tensor
    pasted: Tensor
    valid: Tensor
    old_shown: Optional[Tensor] = None


class IncrementalOutputs(NamedTuple):
    """What the networks that are trained make of a batch.

    Args:
        feats (Sequence[Tensor]): Features of the student's encoder.
        student (Tensor, optional): Logits, (N, K, h, w); None in the warm-up.
        auxiliary (list): Logits of auxiliary heads with their weights.
        teacher (Tensor, optional): Logits, (N, K, h', w'); None without one.
        embedding (Tensor, optional): For the contrast, (N, D, h', w').
    """
    feats: Sequence[Tensor]
    student: Optional[Tensor]
    auxiliary: List[Tuple[Tensor, float]]
    teacher: Optional[Tensor]
    embedding: Optional[Tensor]


class IncrementalTargets(NamedTuple):
    """What they learn, on the grid of the student's logits.

    Args:
        batch (IncrementalBatch): What the samples tell.
        old_scores (Tensor): Scores of the old model, (N, K_o, h, w).
        old_feats (list[Tensor], optional): Its features that are compared.
        teacher_old (Tensor, optional): Old channels of the teacher,
            (N, K_o, h, w).
        contrast (Tensor, optional): Class of each pixel, (N, h, w).
        student (Tensor, optional): Shape (N, K, h, w).
        weight (Tensor, optional): Of the student's pixels, (N, 1, h, w).
    """
    batch: IncrementalBatch
    old_scores: Tensor
    old_feats: Optional[List[Tensor]]
    teacher_old: Optional[Tensor]
    contrast: Optional[Tensor]
    student: Optional[Tensor]
    weight: Optional[Tensor]


def check_incremental_samples(data_samples: SampleList,
                              algorithm: str,
                              with_masks: bool = True) -> None:
    """Raise unless samples have labels of images and masks.

    Args:
        data_samples (list[SegDataSample]): The samples.
        algorithm (str): Which needs them, for the message.
        with_masks (bool): Whether masks are needed. Defaults to True.

    Raises:
        ValueError: If a sample lacks them.
    """
    names = ('image_labels', 'gt_pseudo_mask')[:1 + with_masks]
    loading = ''
    if with_masks:
        loading = ", load masks with dict(type='LoadPseudoMask')"
    for name in names:
        if any(name not in sample for sample in data_samples):
            raise ValueError(
                f'{algorithm} finds no {name} in a sample: use '
                f'ClassIncrementalDataset with a step from 1 on{loading} and '
                'end the pipeline with '
                "dict(type='PackIncrementalInputs').")


def read_incremental_batch(inputs: Tensor,
                           data_samples: SampleList,
                           size: Sequence[int],
                           num_old: int,
                           num_new: int,
                           bits: Optional[Tensor] = None) -> IncrementalBatch:
    """Bring masks, labels and pasted classes to the grid of the logits.

    Args:
        inputs (Tensor): Images, (N, 3, H, W).
        data_samples (list[SegDataSample]): Their samples.
        size (Sequence[int]): Height and width of the grid.
        num_old (int): Number of old classes, with background.
        num_new (int): Number of new classes.
        bits (Tensor, optional): Masks that were made of the images as they
            are fed, int32 (N, H, W), which know nothing of pasted objects.
            Defaults to None, those of the samples.

    Returns:
        IncrementalBatch: What the samples tell.
    """
    labels = [sample.image_labels for sample in data_samples]
    full = inputs.shape[2:]
    pasted = torch.zeros((len(inputs), *size),
                         dtype=torch.long,
                         device=inputs.device)
    if all('gt_paste_map' in sample for sample in data_samples):
        maps = targets.stack_maps(data_samples, 'gt_paste_map', full)
        maps = maps.masked_fill(maps == targets.IGNORED, 0)
        pasted = resize_nearest(maps, size).long()
    online = bits is not None
    if not online:
        bits = targets.stack_maps(data_samples, 'gt_pseudo_mask', full)
    masks, valid = targets.decode_masks(bits, labels, num_old, num_new, size)
    if online:
        masks = masks.masked_fill(pasted[:, None] > 0, 0)
    shown = targets.image_label_matrix(labels, num_old, num_new, inputs.device)
    old_shown = None
    if all('old_image_labels' in sample for sample in data_samples):
        old_shown = targets.old_label_matrix(
            [sample.old_image_labels for sample in data_samples], pasted,
            num_old)
    return IncrementalBatch(masks, shown, pasted, valid, old_shown)
