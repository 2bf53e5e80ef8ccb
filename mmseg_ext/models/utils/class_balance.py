"""What keeps rare classes among pseudo labels."""
import torch
from torch import Tensor

from .logits import full_precision


def count_classes(labels: Tensor, mask: Tensor, num_classes: int) -> Tensor:
    """Number of the pixels of a mask by class, float32 of shape (C, )."""
    counts = torch.zeros(num_classes, device=labels.device)
    return counts.index_add_(0, labels.flatten(), mask.flatten().float())


def inverse_acceptance(labels: Tensor, keep: Tensor, valid: Tensor,
                       num_classes: int, most: float) -> Tensor:
    """How many pixels of its class a kept pixel stands for.

    Args:
        labels (Tensor): Pseudo labels, (U, h, w).
        keep (Tensor): Accepted pixels, bool (U, h, w).
        valid (Tensor): Pixels that are not padding, bool (U, h, w).
        num_classes (int): Number of classes.
        most (float): Largest result.

    Returns:
        Tensor: Float32 of shape (U, h, w).
    """
    share = count_classes(labels, valid, num_classes) / count_classes(
        labels, keep & valid, num_classes).clamp(min=1)
    return share.clamp(1, most)[labels]


def best_of_each_class(labels: Tensor, score: Tensor, valid: Tensor,
                       num_classes: int, share: float) -> Tensor:
    """The pixels with the best scores of each class.

    Args:
        labels (Tensor): Pseudo labels, (U, h, w).
        score (Tensor): In [0, 1], (U, h, w).
        valid (Tensor): Pixels that are not padding, bool (U, h, w).
        num_classes (int): Number of classes.
        share (float): How many of a class's valid pixels, rounded down.

    Returns:
        Tensor: Bool of shape (U, h, w).
    """
    group = labels.masked_fill(~valid, num_classes).flatten()
    # a class after the other, the best first in each
    key = group + 0.5 * (1 - full_precision(score).double().flatten())
    order = key.argsort()
    counts = torch.zeros(
        num_classes + 1, dtype=torch.long, device=labels.device)
    counts.index_add_(0, group, torch.ones_like(group))
    start = counts.cumsum(0) - counts
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order), device=labels.device)
    best = rank - start[group] < (counts * share).long()[group]
    return best.view_as(labels) & valid
