"""What rare classes count among pseudo labels."""
import torch
from torch import Tensor


def count_classes(labels: Tensor, mask: Tensor, num_classes: int) -> Tensor:
    """Sum of a mask or of weights by class, float32 of shape (C, )."""
    counts = torch.zeros(num_classes, device=labels.device)
    return counts.index_add_(0, labels.flatten(), mask.flatten().float())


def inverse_acceptance(labels: Tensor, keep: Tensor, valid: Tensor,
                       num_classes: int, most: float) -> Tensor:
    """How many pixels of its class a kept pixel stands for.

    Args:
        labels (Tensor): Pseudo labels, (U, h, w).
        keep (Tensor): Accepted pixels, bool (U, h, w), or their weights.
        valid (Tensor): Pixels that are not padding, bool (U, h, w).
        num_classes (int): Number of classes.
        most (float): Largest result.

    Returns:
        Tensor: Float32 of shape (U, h, w).
    """
    share = count_classes(labels, valid, num_classes) / count_classes(
        labels, keep * valid, num_classes).clamp(min=1)
    return share.clamp(1, most)[labels]
