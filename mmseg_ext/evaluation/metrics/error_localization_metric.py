from collections import OrderedDict
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmseg.registry import METRICS
from prettytable import PrettyTable
from torch import Tensor

from .score_histograms import (binned_auroc, doublings, histogram,
                               most_confident)


class ImageResult(NamedTuple):
    """Counts of one image: judged right or wrong, is right or wrong."""
    kept_right: int
    kept_wrong: int
    dropped_right: int
    dropped_wrong: int
    right_histogram: Optional[np.ndarray]
    wrong_histogram: Optional[np.ndarray]
    right_confidence: Optional[np.ndarray]
    wrong_confidence: Optional[np.ndarray]


@METRICS.register_module()
class ErrorLocalizationMetric(BaseMetric):
    """How well the pixels that a prediction gets wrong are found.

    Each sample must have ``pred_sem_seg``, ``gt_sem_seg`` and
    ``pred_valid``, the pixels judged right, bool of shape (1, H, W).
    Optional are ``valid_score``, how sure the filter is of that, and
    ``pred_confidence``, the largest class probability, float of shape
    (1, H, W) within [0, 1]. Void pixels do not count.

    Figures, in percent:

    - ``error_precision``, ``error_recall``, ``error_f1``: means over the
      images, an erroneous pixel being the positive; ``valid_*`` likewise
      with a right pixel being the positive. An image without positives and
      without predicted positives is skipped; ``error_skipped`` and
      ``valid_skipped`` are how many were.
    - ``micro_error_*`` and ``micro_valid_*``: of the pixels of all images.
    - ``accepted_rate``: share of pixels judged right. ``accepted_accuracy``:
      accuracy of the prediction on them. ``accuracy``: on all pixels.
    - ``auroc``: area under the ROC curve of ``valid_score``, where the
      samples have it. Scores are counted in bins, ties count one half.
    - ``confidence_auroc``: the same of ``pred_confidence``;
      ``confidence_accepted_accuracy`` and ``confidence_micro_error_f1``:
      what a threshold on it comes to that accepts as many pixels of all
      images as were judged right. A filter that is worth its training is
      above these figures.

    A figure without anything to count is NaN. The measure is that of table 4
    of `Semi-supervised Semantic Segmentation with Error Localization Network
    <https://arxiv.org/abs/2204.02078>`_.

    Args:
        ignore_index (int): Label of void pixels. Defaults to 255.
        num_bins (int): Bins of the scores. Defaults to 256.
        collect_device (str): ``'cpu'`` or ``'gpu'``. Defaults to 'cpu'.
        prefix (str, optional): Prefix of the figures' names. Defaults to
            None.
    """

    def __init__(self,
                 ignore_index: int = 255,
                 num_bins: int = 256,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.ignore_index = ignore_index
        self.num_bins = num_bins
        self._scores = (('valid_score', Tensor.float, num_bins),
                        ('pred_confidence', doublings, _CONFIDENCE_BINS))

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Count the pixels of a batch.

        Args:
            data_batch (dict): Not used.
            data_samples (Sequence[dict]): Predictions with ground truth.

        Raises:
            ValueError: If a sample lacks one of the needed fields.
        """
        for sample in data_samples:
            for field in ('gt_sem_seg', 'pred_sem_seg', 'pred_valid'):
                if field not in sample:
                    raise ValueError(
                        'ErrorLocalizationMetric needs '
                        f'{field!r} in every sample but found '
                        f'{sorted(sample)}: evaluate a model that judges its '
                        'predictions (ELN with localize_errors=True) on '
                        'images with ground truth.')
            label = sample['gt_sem_seg']['data'].squeeze(0)
            counted = label != self.ignore_index
            right = sample['pred_sem_seg']['data'].squeeze(0).to(label)
            right = (right == label)[counted]
            kept = sample['pred_valid']['data'].squeeze(0).to(label.device)
            kept = kept.bool()[counted]
            histograms = []
            for field, spread, num_bins in self._scores:
                found = sample.get(field)
                if found is None:
                    histograms += [None, None]
                    continue
                score = found['data'].squeeze(0).to(label.device)[counted]
                score = spread(score)
                histograms += [
                    histogram(score[right], num_bins),
                    histogram(score[~right], num_bins)
                ]
            self.results.append(
                ImageResult(
                    int((kept & right).sum()), int((kept & ~right).sum()),
                    int((~kept & right).sum()), int((~kept & ~right).sum()),
                    *histograms))

    def compute_metrics(self, results: list) -> Dict[str, float]:
        """Figures of all images.

        Args:
            results (list[ImageResult]): One for each image.

        Returns:
            dict[str, float]: See the class.
        """
        # mmengine makes plain tuples of them on their way between ranks.
        results = [ImageResult(*result) for result in results]
        counts = np.array([result[:4] for result in results], dtype=np.int64)
        counts = counts.reshape(-1, 4)
        metrics = OrderedDict()
        kept_right, kept_wrong, dropped_right, dropped_wrong = counts.T
        # True positives, false positives and false negatives of each view.
        views = dict(
            error=(dropped_wrong, dropped_right, kept_wrong),
            valid=(kept_right, kept_wrong, dropped_right))
        for name, view in views.items():
            skipped = sum(view) == 0
            scores = zip(*(precision_recall_f1(*image)
                           for image in np.stack(view, 1)[~skipped]))
            means = [100 * float(np.mean(values)) for values in scores]
            for figure, value in zip(_FIGURES, means or [np.nan] * 3):
                metrics[f'{name}_{figure}'] = value
            metrics[f'{name}_skipped'] = int(skipped.sum())
        for name, view in views.items():
            scores = precision_recall_f1(*(int(count.sum()) for count in view))
            if sum(view).sum() == 0:
                scores = [np.nan] * 3
            for figure, value in zip(_FIGURES, scores):
                metrics[f'micro_{name}_{figure}'] = 100 * value
        kept = kept_right.sum() + kept_wrong.sum()
        total = counts.sum()
        metrics['accepted_rate'] = _percent(kept, total)
        metrics['accepted_accuracy'] = _percent(kept_right.sum(), kept)
        metrics['accuracy'] = _percent(kept_right.sum() + dropped_right.sum(),
                                       total)
        scores = _summed(results, 'right_histogram', 'wrong_histogram')
        if scores is not None:
            metrics['auroc'] = 100 * binned_auroc(*scores)
        confidence = _summed(results, 'right_confidence', 'wrong_confidence')
        if confidence is not None:
            metrics['confidence_auroc'] = 100 * binned_auroc(*confidence)
            right, wrong = most_confident(*confidence, kept)
            metrics['confidence_accepted_accuracy'] = _percent(
                right, right + wrong)
            errors = confidence[1].sum()
            _, _, f1 = precision_recall_f1(errors - wrong,
                                           confidence[0].sum() - right, wrong)
            metrics['confidence_micro_error_f1'] = 100 * f1
        metrics = OrderedDict(
            (key, round(value, 2)) for key, value in metrics.items())
        self._print_table(metrics)
        return metrics

    def _print_table(self, metrics: Dict[str, float]) -> None:
        table = PrettyTable()
        table.field_names = ['positive', *_FIGURES]
        for name in ('error', 'valid', 'micro_error', 'micro_valid'):
            table.add_row(
                [name, *(metrics[f'{name}_{figure}'] for figure in _FIGURES)])
        print_log(
            'error localization:\n' + table.get_string(), logger='current')


_FIGURES = ('precision', 'recall', 'f1')
_CONFIDENCE_BINS = 3072


def _summed(results: Sequence[ImageResult], *fields:
            str) -> Optional[List[np.ndarray]]:
    """Histograms of the images that have them, summed."""
    results = [r for r in results if getattr(r, fields[0]) is not None]
    if not results:
        return None
    return [
        sum(getattr(r, field).astype(np.int64) for r in results)
        for field in fields
    ]


def precision_recall_f1(true_positive: int, false_positive: int,
                        false_negative: int) -> Tuple[float, float, float]:
    """Precision, recall and F1, a ratio with nothing below it being 0."""
    true_positive = int(true_positive)
    predicted = true_positive + int(false_positive)
    actual = true_positive + int(false_negative)
    return (true_positive / max(predicted, 1), true_positive / max(actual, 1),
            2 * true_positive / max(predicted + actual, 1))


def _percent(part: int, whole: int) -> float:
    return 100 * float(part) / float(whole) if whole else float('nan')
