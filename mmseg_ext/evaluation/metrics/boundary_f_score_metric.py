from collections import OrderedDict
from typing import Dict, List, Optional, Sequence

import cv2
import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmseg.registry import METRICS
from prettytable import PrettyTable

# Distances between pixels are roots of whole numbers: nothing lies between.
_TOLERANCE = 1e-3


@METRICS.register_module()
class BoundaryFScoreMetric(BaseMetric):
    """F-score of the boundaries of each class, at several distances.

    A pixel of a boundary is found if the other boundary passes within the
    radius. Scores are means over the images, then over the classes, as in
    table 2 of `Gated-SCNN <https://arxiv.org/abs/1907.05740>`_, in percent:
    ``mBF_3px`` and so on.

    Args:
        radii (Sequence[int]): Distances in pixels. Defaults to (3, 5, 9, 12),
            the paper's on 1024x2048.
        ignore_index (int): Label of void, which is background for all
            classes. Defaults to 255.
        absent (str): A class of which an image has no boundary, neither in
            labels nor in prediction, counts as ``'one'``, as in the paper's
            figures, or is left out (``'skip'``). Defaults to 'one'.
        crop (Sequence[int], optional): Pixels to cut off at the top, left,
            bottom and right of prediction and labels, which leaves what is
            far away in a street. Defaults to None, nothing.
        collect_device (str): Where results of ranks are joined. Defaults to
            'cpu'.
        prefix (str, optional): Prefix of the names. Defaults to None.

    Raises:
        ValueError: If ``absent`` is neither, a radius is not positive, or
            ``crop`` is not four numbers >= 0 which leave a part of an image.
    """

    def __init__(self,
                 radii: Sequence[int] = (3, 5, 9, 12),
                 ignore_index: int = 255,
                 absent: str = 'one',
                 crop: Optional[Sequence[int]] = None,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if absent not in ('one', 'skip'):
            raise ValueError("BoundaryFScoreMetric.absent must be 'one' or "
                             f"'skip' but is {absent!r}.")
        if not radii or min(radii) <= 0:
            raise ValueError('BoundaryFScoreMetric.radii must be positive but '
                             f'is {tuple(radii)}.')
        if crop is not None and (len(crop) != 4 or min(crop) < 0):
            raise ValueError('BoundaryFScoreMetric.crop must be four numbers '
                             f'>= 0 but is {tuple(crop)}.')
        self.radii = tuple(radii)
        self.ignore_index = ignore_index
        self.absent = absent
        self.crop = crop and tuple(crop)

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Score the images of a batch.

        Args:
            data_batch (dict): Not used.
            data_samples (Sequence[dict]): Predictions with ground truth.
        """
        num_classes = len(self.dataset_meta['classes'])
        for sample in data_samples:
            # heads of one channel predict float
            pred, label = (
                sample[name]['data'].squeeze(0).long().cpu().numpy()
                for name in ('pred_sem_seg', 'gt_sem_seg'))
            self.results.append(self.score(pred, label, num_classes))

    def score(self, pred: np.ndarray, label: np.ndarray,
              num_classes: int) -> np.ndarray:
        """F-scores of one image.

        Args:
            pred (np.ndarray): Classes (H, W).
            label (np.ndarray): Classes (H, W).
            num_classes (int): Number of classes.

        Returns:
            np.ndarray: (num_classes, number of radii) in [0, 1]; NaN where
            neither has a boundary and such classes are left out.
        """
        if self.crop is not None:
            pred, label = self._cut(pred), self._cut(label)
        void = label == self.ignore_index
        # one more class, which is scored for none
        pred = np.where(void, num_classes, pred)
        label = np.where(void, num_classes, label)
        scores = np.full((num_classes, len(self.radii)),
                         1. if self.absent == 'one' else np.nan)
        found, wanted = (np.unique(x) for x in (pred, label))
        for index in np.union1d(found, wanted):
            if index >= num_classes:
                continue
            edges = _boundary(pred == index), _boundary(label == index)
            counts = [int(edge.sum()) for edge in edges]
            if not any(counts):
                continue
            scores[index] = self._f_score(*edges) if all(counts) else 0.
        return scores

    def _cut(self, classes: np.ndarray) -> np.ndarray:
        top, left, bottom, right = self.crop
        height, width = classes.shape
        part = classes[top:max(height - bottom, 0), left:max(width - right, 0)]
        if not part.size:
            raise ValueError(
                f'BoundaryFScoreMetric.crop {self.crop} leaves nothing of an '
                f'image of {height}x{width}.')
        return part

    def _f_score(self, pred: np.ndarray, label: np.ndarray) -> np.ndarray:
        shares = []
        for edge, other in ((pred, label), (label, pred)):
            distance = cv2.distanceTransform((~other).astype(np.uint8),
                                             cv2.DIST_L2,
                                             cv2.DIST_MASK_PRECISE)[edge]
            shares.append([(distance <= radius + _TOLERANCE).mean()
                           for radius in self.radii])
        precision, recall = np.array(shares)
        total = precision + recall
        return np.divide(
            2 * precision * recall,
            total,
            out=np.zeros_like(total),
            where=total > 0)

    def compute_metrics(self, results: List[np.ndarray]) -> Dict[str, float]:
        """Means over images and classes.

        Args:
            results (list[np.ndarray]): Scores of the images.

        Returns:
            dict[str, float]: ``mBF_<radius>px`` in percent.
        """
        scores = np.stack(results)
        counted = ~np.isnan(scores)
        sums = np.where(counted, scores, 0).sum(0)
        with np.errstate(invalid='ignore'):
            by_class = 100 * sums / counted.sum(0)
        table = PrettyTable(['Class', *(f'{r} px' for r in self.radii)])
        for name, row in zip(self.dataset_meta['classes'], by_class):
            table.add_row([name, *(f'{value:.2f}' for value in row)])
        print_log(f'boundary F-score of the classes:\n{table}', 'current')
        return OrderedDict(
            (f'mBF_{radius}px', round(float(np.nanmean(column)), 2))
            for radius, column in zip(self.radii, by_class.T))


def _boundary(mask: np.ndarray) -> np.ndarray:
    """Pixels that differ from their right, lower or lower right neighbour."""
    edge = np.zeros_like(mask)
    edge[:, :-1] |= mask[:, :-1] ^ mask[:, 1:]
    edge[:-1] |= mask[:-1] ^ mask[1:]
    edge[:-1, :-1] |= mask[:-1, :-1] ^ mask[1:, 1:]
    return edge
