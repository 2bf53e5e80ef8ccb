"""What old model, masks and teacher say about a pixel, as targets.

Shape shorthand: K_o old classes with background first, K_n new ones, K = K_o
+ K_n; maps (N, ..., h, w) on the grid of the logits.
"""
from typing import List, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ...datasets.pseudo_mask_cache import CLASS_BITS, VOID_BIT
from .logits import largest_channel

IGNORED = 255


def decode_masks(bits: Tensor, image_labels: Sequence[Sequence[int]],
                 num_old: int, num_new: int,
                 size: Sequence[int]) -> Tuple[Tensor, Tensor]:
    """Turn maps of bits into the share of each cell that a mask covers.

    Args:
        bits (Tensor): int32 (N, H, W), see
            :mod:`mmseg_ext.datasets.pseudo_mask_cache`.
        image_labels (Sequence[Sequence[int]]): Channels of the new classes
            of each image, in the order of the bits.
        num_old (int): K_o.
        num_new (int): K_n.
        size (Sequence[int]): Height h and width w of the cells.

    Returns:
        tuple[Tensor, Tensor]: Shares in [0, 1], float32 (N, K_n, h, w), and
        1 where at least half of a cell is no void, (N, 1, h, w).
    """
    most = max((len(labels) for labels in image_labels), default=0)
    # channel K_n collects the bits that an image has no class for
    channels = torch.full((len(bits), max(most, 1)), num_new)
    for i, labels in enumerate(image_labels):
        channels[i, :len(labels)] = torch.tensor(
            labels, dtype=torch.long) - num_old
    channels = channels.to(bits.device, non_blocking=True)
    shifts = torch.tensor(CLASS_BITS[:max(most, 1)], dtype=bits.dtype)
    shifts = shifts.to(bits.device, non_blocking=True)[None, :, None, None]
    valid = 1 - ((bits >> VOID_BIT) & 1)[:, None]
    masks = ((bits[:, None] >> shifts) & 1) * valid
    share = F.adaptive_avg_pool2d(valid.float(), tuple(size))
    masks = F.adaptive_avg_pool2d(masks.float(), tuple(size))
    masks = masks / share.clamp(min=1e-6)
    spread = masks.new_zeros((len(bits), num_new + 1, *size))
    index = channels[:, :, None, None].expand_as(masks)
    spread.scatter_add_(1, index, masks)
    return spread[:, :num_new], (share >= 0.5).float()


def image_label_matrix(image_labels: Sequence[Sequence[int]], num_old: int,
                       num_new: int, device: torch.device) -> Tensor:
    """Which new classes images show, float32 (N, K_n, 1, 1)."""
    matrix = torch.zeros(len(image_labels), num_new)
    for i, labels in enumerate(image_labels):
        matrix[i, torch.tensor(labels, dtype=torch.long) - num_old] = 1
    return matrix.to(device, non_blocking=True)[:, :, None, None]


def old_label_matrix(image_labels: Sequence[Sequence[int]], pasted: Tensor,
                     num_old: int) -> Tensor:
    """Which old classes images may show: background, labels, pasted ones.

    Args:
        image_labels (Sequence[Sequence[int]]): Channels of the old classes
            of each image.
        pasted (Tensor): Class of pasted pixels, else 0, int64 (N, h, w).
        num_old (int): K_o.

    Returns:
        Tensor: float32 (N, K_o, 1, 1).
    """
    matrix = torch.zeros(len(image_labels), num_old)
    for i, labels in enumerate(image_labels):
        matrix[i, [0, *labels]] = 1
    matrix = matrix.to(pasted.device, non_blocking=True)
    matrix = matrix.scatter(1, pasted.flatten(1), 1.)
    return matrix[:, :, None, None]


def old_class_target(old_scores: Tensor, masks: Tensor) -> Tensor:
    """Target of the teacher's old channels.

    Args:
        old_scores (Tensor): Scores of the old model, (N, K_o, h, w).
        masks (Tensor): Shares of the masks, (N, K_n, h, w).

    Returns:
        Tensor: The scores, where background is at most what the masks leave.
    """
    background = torch.minimum(old_scores[:, :1],
                               1 - masks.amax(1, keepdim=True))
    return torch.cat([background, old_scores[:, 1:]], dim=1)


def student_target(old_scores: Tensor, teacher_scores: Tensor, shown: Tensor,
                   alpha: float, eta: float, background: str) -> Tensor:
    """Soft target of the student.

    New classes: :math:`q^c = \\alpha\\,hard(s_T)^c + (1 - \\alpha) s_T^c`;
    old ones: :math:`q^c = \\eta s_o^c + (1 - \\eta) s_T^c`; background is the
    lesser of the two (``'min'``) or the latter (``'average'``).

    Args:
        old_scores (Tensor): Scores of the old model, (N, K_o, h, w).
        teacher_scores (Tensor): Scores of the teacher, (N, K, h, w).
        shown (Tensor): 1 for new classes that the image shows,
            (N, K_n, 1, 1).
        alpha (float): Weight of the hard label.
        eta (float): Weight of the old model.
        background (str): ``'min'`` or ``'average'``.

    Returns:
        Tensor: The target in [0, 1], (N, K, h, w).
    """
    num_old = old_scores.shape[1]
    teacher_scores = torch.cat(
        [teacher_scores[:, :num_old], teacher_scores[:, num_old:] * shown], 1)
    hard = torch.zeros_like(teacher_scores).scatter_(
        1, largest_channel(teacher_scores, keepdim=True), 1)
    mixed = alpha * hard + (1 - alpha) * teacher_scores
    averaged = eta * old_scores + (1 - eta) * teacher_scores[:, :num_old]
    ground = averaged[:, :1]
    if background == 'min':
        ground = torch.minimum(ground, mixed[:, :1])
    return torch.cat([ground, averaged[:, 1:], mixed[:, num_old:]], dim=1)


def paste_one_hot(target: Tensor, pasted: Tensor) -> Tensor:
    """Replace a target by one-hot vectors where an object was pasted.

    Args:
        target (Tensor): Shape (N, C, h, w).
        pasted (Tensor): Class of pasted pixels, else 0, int64 (N, h, w).

    Returns:
        Tensor: The target with pasted classes.
    """
    pasted = pasted[:, None]
    one_hot = torch.zeros_like(target).scatter_(1, pasted, 1)
    return torch.where(pasted > 0, one_hot, target)


def contrast_labels(old_scores: Tensor, masks: Tensor, pasted: Tensor,
                    valid: Tensor) -> Tensor:
    """Class of each pixel for the contrast, 255 where it is not clear.

    A pasted pixel has its class; one that just one mask holds (share above
    one half) that mask's; one that none holds what the old model gives more
    than one half.

    Args:
        old_scores (Tensor): Scores of the old model, (N, K_o, h, w).
        masks (Tensor): Shares of the masks, (N, K_n, h, w).
        pasted (Tensor): Class of pasted pixels, else 0, int64 (N, h, w).
        valid (Tensor): 0 on void, (N, 1, h, w).

    Returns:
        Tensor: int64 (N, h, w).
    """
    inside = masks > 0.5
    count = inside.sum(1)
    score, old = old_scores.max(1)
    labels = torch.where(score > 0.5, old, IGNORED)
    new = largest_channel(masks) + old_scores.shape[1]
    labels = torch.where(count == 1, new, labels)
    labels = labels.masked_fill(count > 1, IGNORED)
    labels = torch.where(pasted > 0, pasted, labels)
    return labels.masked_fill(valid[:, 0] == 0, IGNORED)


def stack_maps(samples: List, name: str, size: Sequence[int]) -> Tensor:
    """Maps of a batch, padded to one size as stock pads labels.

    Args:
        samples (list[SegDataSample]): The samples.
        name (str): Field of the maps, int32 (1, h, w) each.
        size (Sequence[int]): Height and width of the images.

    Returns:
        Tensor: int32 (N, H, W).
    """
    maps = [sample.get(name).data for sample in samples]
    return torch.cat([
        F.pad(
            x, (0, size[1] - x.shape[-1], 0, size[0] - x.shape[-2]),
            value=IGNORED) for x in maps
    ])
