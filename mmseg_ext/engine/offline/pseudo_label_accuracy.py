from typing import Dict, List

import numpy as np
import torch
from mmengine.dist import all_reduce


class PseudoLabelAccuracy:
    """How many pseudo labels are right, among the kept and among all.

    Args:
        num_classes (int): Number of classes :math:`C`.
        ignore_index (int): Label of pixels that do not count in the truth,
            and that are not kept in pseudo labels. Defaults to 255.
    """

    def __init__(self, num_classes: int, ignore_index: int = 255) -> None:
        self.num_classes = num_classes
        self.ignore_index = ignore_index
        # of each predicted class: all, right, kept, kept and right
        self.counts = np.zeros((4, num_classes), np.int64)

    def update(self, predicted: np.ndarray, kept: np.ndarray,
               truth: np.ndarray) -> None:
        """Count the pixels of an image.

        Args:
            predicted (np.ndarray): Predicted classes (H, W).
            kept (np.ndarray): Pseudo labels (H, W).
            truth (np.ndarray): True labels (H, W).
        """
        valid = truth != self.ignore_index
        right, stays = predicted == truth, kept != self.ignore_index
        masks = (valid, valid & right, valid & stays, valid & stays & right)
        for row, mask in enumerate(masks):
            self.counts[row] += np.bincount(
                predicted[mask].ravel(), minlength=self.num_classes)

    def reduce(self) -> None:
        """Sum up the counts of all processes."""
        counts = torch.from_numpy(self.counts)
        all_reduce(counts)
        self.counts = counts.cpu().numpy()

    def report(self) -> List[Dict[str, float]]:
        """Of each predicted class ``accuracy`` and ``kept_accuracy``.

        Returns:
            list[dict]: Shares of right pixels; that of no pixel is 0.
        """
        return [
            dict(
                accuracy=self._share(1, 0, i),
                kept_accuracy=self._share(3, 2, i))
            for i in range(self.num_classes)
        ]

    def total(self) -> Dict[str, float]:
        """The same over all classes."""
        return dict(
            accuracy=self._share(1, 0), kept_accuracy=self._share(3, 2))

    def _share(self, right: int, total: int, index=slice(None)) -> float:
        return float(self.counts[right][index].sum() /
                     max(self.counts[total][index].sum(), 1))
