from typing import List, Optional

import numpy as np
import torch
from mmengine.dist import all_reduce

# Confidences are kept as round(p * LEVELS), uint16.
LEVELS = 65535


class ConfidenceHistogram:
    """Confidences of the pixels predicted as each class, and thresholds.

    Holds a count for each class and each of 65536 levels, whatever the number
    of images, so order statistics are exact to the level.

    Args:
        num_classes (int): Number of classes :math:`C`.
    """

    def __init__(self, num_classes: int) -> None:
        self.num_classes = num_classes
        self.counts = np.zeros((num_classes, LEVELS + 1), np.int64)

    def update(self, labels: np.ndarray, levels: np.ndarray) -> None:
        """Count the pixels of an image.

        Args:
            labels (np.ndarray): Predicted classes, any shape.
            levels (np.ndarray): Confidences as uint16, same shape.
        """
        index = labels.astype(np.int64) * (LEVELS + 1) + levels
        self.counts += np.bincount(
            index.ravel(),
            minlength=self.counts.size).reshape(self.counts.shape)

    def reduce(self) -> None:
        """Sum up the counts of all processes."""
        counts = torch.from_numpy(self.counts)
        all_reduce(counts)
        self.counts = counts.cpu().numpy()

    def thresholds(self,
                   quantile: float = 0.5,
                   cap: float = 0.9,
                   fixed: Optional[float] = None) -> np.ndarray:
        """Thresholds on the confidence of each class.

        Of n pixels of a class, sorted ascending, that at index
        ``round(quantile * n)``, but ``cap`` at most: the median rule of the
        official code of `Bidirectional Learning for Domain Adaptation of
        Semantic Segmentation <https://arxiv.org/abs/1904.10620>`_. 0 for a
        class that is never predicted.

        Args:
            quantile (float): In [0, 1]. Defaults to 0.5.
            cap (float): In [0, 1]. Defaults to 0.9.
            fixed (float, optional): One threshold for all classes in its
                place, as the paper says. Defaults to None.

        Returns:
            np.ndarray: float64 (C, ).
        """
        if fixed is not None:
            return np.full(self.num_classes, float(fixed))
        pixels = self.counts.sum(1)
        index = np.minimum(np.round(quantile * pixels), pixels - 1)
        level = (self.counts.cumsum(1) <= index[:, None]).sum(1)
        level = np.where(pixels > 0, level, 0)
        return np.minimum(level / LEVELS, cap)

    def report(self, thresholds: np.ndarray) -> List[dict]:
        """What the thresholds keep of each class.

        Returns:
            list[dict]: ``threshold``, ``predicted`` and ``kept`` pixels,
            ``kept_ratio`` and mean ``confidence``; a ratio of nothing is 0.
        """
        pixels = self.counts.sum(1)
        least = least_levels(thresholds)
        means = self.counts @ np.arange(LEVELS + 1) / LEVELS
        rows = []
        for i, threshold in enumerate(thresholds):
            kept = int(self.counts[i, least[i]:].sum())
            rows.append(
                dict(
                    threshold=float(threshold),
                    predicted=int(pixels[i]),
                    kept=kept,
                    kept_ratio=kept / max(int(pixels[i]), 1),
                    confidence=float(means[i]) / max(int(pixels[i]), 1)))
        return rows


def to_levels(confidence: torch.Tensor) -> np.ndarray:
    """Confidences in [0, 1] as uint16."""
    return (confidence.double() * LEVELS).round().to(
        torch.int32).cpu().numpy().astype(np.uint16)


def least_levels(thresholds: np.ndarray) -> np.ndarray:
    """The lowest level that reaches each threshold, int64 (C, )."""
    return np.ceil(np.asarray(thresholds) * LEVELS - 1e-6).astype(np.int64)
