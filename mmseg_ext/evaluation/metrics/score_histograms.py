"""Scores of pixels, counted in bins so that any number of images fits."""
from typing import Tuple

import numpy as np
import torch
from torch import Tensor


def doublings(confidence: Tensor) -> Tensor:
    """Spread probabilities near 1, where most are, evenly over [0, 1].

    Args:
        confidence (Tensor): Probabilities, of any shape.

    Returns:
        Tensor: How often 1 - p halves 1, as a share of the 24 times that
        float32 can tell.
    """
    return (1 - confidence.float()).clamp(min=2**-24).log2() / -24


def histogram(score: Tensor, num_bins: int) -> np.ndarray:
    """Counts of scores within [0, 1] in equal bins."""
    bins = (score * num_bins).long().clamp(0, num_bins - 1)
    counts = torch.bincount(bins, minlength=num_bins)
    return counts.cpu().numpy().astype(np.uint32)


def binned_auroc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Area under the ROC curve of scores counted in rising bins.

    Args:
        positive (np.ndarray): Counts of the positives, of shape (bins, ).
        negative (np.ndarray): Counts of the negatives, of shape (bins, ).

    Returns:
        float: The chance that a positive scores higher than a negative, ties
        counting one half; NaN if either is missing.
    """
    pairs = float(positive.sum()) * float(negative.sum())
    if pairs == 0:
        return float('nan')
    below = np.cumsum(negative) - negative
    wins = positive.astype(np.float64) @ (below + negative / 2)
    return float(wins / pairs)


def most_confident(right: np.ndarray, wrong: np.ndarray,
                   num_kept: int) -> Tuple[float, float]:
    """Right and wrong pixels among as many of the highest scores.

    Args:
        right (np.ndarray): Counts of right pixels in rising bins.
        wrong (np.ndarray): Counts of wrong pixels in the same bins.
        num_kept (int): How many pixels to take; of the last bin that is
            needed right and wrong ones alike.

    Returns:
        tuple[float, float]: Numbers of right and of wrong pixels.
    """
    both = (right + wrong)[::-1]
    before = np.cumsum(both) - both
    share = np.clip((num_kept - before) / np.maximum(both, 1), 0, 1)
    return float(right[::-1] @ share), float(wrong[::-1] @ share)
