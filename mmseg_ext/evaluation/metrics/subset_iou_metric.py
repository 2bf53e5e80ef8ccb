from typing import Dict, Mapping, Sequence

import numpy as np
from mmengine.logging import print_log
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS


@METRICS.register_module()
class SubsetIoUMetric(IoUMetric):
    """Stock ``IoUMetric`` that also averages over subsets of the classes.

    The IoU of a class is that of the whole prediction: pixels predicted as a
    class outside a subset count as errors. A subset only says over which
    classes the mean goes, as in the protocols SYNTHIA to Cityscapes of 16 and
    of 13 classes, which one model with 19 outputs answers in one run::

        dict(type='SubsetIoUMetric', iou_metrics=['mIoU'],
             subsets=dict(mIoU16=[...], mIoU13=[...]))

    Args:
        subsets (dict[str, Sequence[str]]): Class names by the name of the
            figure.
        **kwargs: Arguments of ``IoUMetric``; ``iou_metrics`` must have
            'mIoU'.

    Raises:
        ValueError: If a subset is empty, has a class twice or one that the
            data set lacks, or bears the name of a stock figure.
    """

    def __init__(self, subsets: Mapping[str, Sequence[str]], **kwargs) -> None:
        super().__init__(**kwargs)
        self.subsets = {
            name: tuple(classes)
            for name, classes in subsets.items()
        }
        if 'mIoU' not in self.metrics:
            raise ValueError('SubsetIoUMetric.iou_metrics is '
                             f'{self.metrics}, but it needs mIoU.')
        if not self.subsets:
            raise ValueError('SubsetIoUMetric.subsets is empty; name at least '
                             'one, for instance dict(mIoU13=[...]).')
        for name, classes in self.subsets.items():
            field = f'SubsetIoUMetric.subsets.{name}'
            if name in ('mIoU', 'mAcc', 'aAcc'):
                raise ValueError(f'{field} bears the name of a stock figure; '
                                 'choose another one.')
            if not classes or len(set(classes)) < len(classes):
                raise ValueError(f'{field} must name each of its classes '
                                 f'once, but got {list(classes)}.')

    @property
    def dataset_meta(self) -> dict:
        """dict: Meta information of the data set."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict) -> None:
        known = (dataset_meta or {}).get('classes', ())
        for name, classes in self.subsets.items():
            unknown = [c for c in classes if c not in known]
            if unknown:
                raise ValueError(
                    f'SubsetIoUMetric.subsets.{name} has the class '
                    f'{", ".join(map(repr, unknown))}, but the data set has '
                    f'{", ".join(known)}.')
        self._dataset_meta = dataset_meta

    def compute_metrics(self, results: list) -> Dict[str, float]:
        """Compute the stock figures and the means over the subsets.

        Args:
            results (list): Areas of each image.

        Returns:
            dict[str, float]: The figures in percent, of two decimals.
        """
        metrics = super().compute_metrics(results)
        if self.format_only:
            return metrics
        areas = [sum(column) for column in zip(*results)]
        iou = self.total_area_to_metrics(*areas, ['mIoU'], self.nan_to_num,
                                         self.beta)['IoU']
        names = list(self.dataset_meta['classes'])
        for name, classes in self.subsets.items():
            chosen = iou[[names.index(c) for c in classes]]
            metrics[name] = np.round(np.nanmean(chosen) * 100, 2)
        print_log(
            ', '.join(f'{name} (of {len(classes)} classes): {metrics[name]}'
                      for name, classes in self.subsets.items()),
            logger='current')
        return metrics
