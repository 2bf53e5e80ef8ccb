from typing import Dict

import numpy as np
from mmengine.logging import print_log
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS


@METRICS.register_module()
class IncrementalIoUMetric(IoUMetric):
    """Stock ``IoUMetric`` that also averages over the steps of a task.

    Adds ``mIoU_step{k}``, the mean over the classes of step k; ``mIoU_new``,
    that of the last step seen; ``mIoU_old``, the mean over all classes of the
    steps before; and ``mIoU_all``, over all of them and background, which
    counts in none of the others: the tables of the protocol. Where the data
    set itself has no background, it is left out of ``mIoU_all`` too.

    The data set is a :class:`ClassIncrementalDataset`. Arguments as of
    ``IoUMetric``; ``iou_metrics`` must have 'mIoU'.

    Raises:
        ValueError: If it has not, or the data set has no steps.
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        if 'mIoU' not in self.metrics:
            raise ValueError('IncrementalIoUMetric.iou_metrics is '
                             f'{self.metrics}, but it needs mIoU.')

    def compute_metrics(self, results: list) -> Dict[str, float]:
        """Compute the stock figures and the means over the steps.

        Args:
            results (list): Areas of each image.

        Returns:
            dict[str, float]: The figures in percent, of two decimals.
        """
        metrics = super().compute_metrics(results)
        if self.format_only:
            return metrics
        steps = self.dataset_meta.get('class_steps')
        if steps is None:
            raise ValueError('IncrementalIoUMetric needs a data set of type '
                             'ClassIncrementalDataset, whose metainfo has '
                             'class_steps.')
        areas = [sum(column) for column in zip(*results)]
        iou = self.total_area_to_metrics(*areas, ['mIoU'], self.nan_to_num,
                                         self.beta)['IoU']
        added = self.step_means(
            np.asarray(iou), steps,
            self.dataset_meta.get('has_background', True))
        print_log(
            ', '.join(f'{name}: {value}' for name, value in added.items()),
            logger='current')
        return {**metrics, **added}

    @staticmethod
    def step_means(iou: np.ndarray,
                   steps: tuple,
                   has_background: bool = True) -> Dict[str, float]:
        """Means of the IoU over steps.

        Args:
            iou (np.ndarray): IoU of each class in [0, 1], background first.
            steps (tuple[int or None]): Step of each class, of the background
                None.
            has_background (bool): Whether background counts in the mean of
                all. Defaults to True.

        Returns:
            dict[str, float]: Percent, of two decimals. No ``mIoU_old`` in
            step 0.
        """
        number = np.array([-1 if step is None else step for step in steps])
        last = number.max()
        groups = {f'mIoU_step{k}': number == k for k in range(last + 1)}
        if last > 0:
            groups['mIoU_old'] = (number >= 0) & (number < last)
        groups['mIoU_new'] = number == last
        groups['mIoU_all'] = number >= (-1 if has_background else 0)
        means = {}
        for name, chosen in groups.items():
            known = iou[chosen][~np.isnan(iou[chosen])]
            means[name] = (
                round(float(known.mean()) * 100, 2) if len(known) else 0.0)
        return means
