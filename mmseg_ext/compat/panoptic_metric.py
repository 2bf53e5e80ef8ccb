"""Let mmdet's PQ metric leave the predictions as they are.

Where these lie in the memory of the CPU, the metric of mmdet 3.3 overwrites
void by 0, which is the first class: pictures that are drawn after it show that
class wherever nothing was found. Applied with the first model on mmdet.
"""
from functools import wraps

import torch

__all__ = ['apply']


def apply() -> None:
    """Hand a copy of each panoptic map to ``CocoPanopticMetric``, once."""
    from mmdet.evaluation.metrics import CocoPanopticMetric
    original = CocoPanopticMetric._parse_predictions
    if hasattr(original, '__wrapped__'):
        return

    @wraps(original)
    def parse_a_copy(self, pred, *args, **kwargs):
        found = {
            key: value.clone() if isinstance(value, torch.Tensor) else value
            for key, value in pred['pred_panoptic_seg'].items()
        }
        return original(self, dict(pred, pred_panoptic_seg=found), *args,
                        **kwargs)

    CocoPanopticMetric._parse_predictions = parse_a_copy
