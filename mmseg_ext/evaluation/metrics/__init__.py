from .color_distance import ColorDistance
from .error_localization_metric import ErrorLocalizationMetric
from .subset_iou_metric import SubsetIoUMetric
from .target_entropy import TargetEntropy

__all__ = [
    'ColorDistance', 'ErrorLocalizationMetric', 'SubsetIoUMetric',
    'TargetEntropy'
]
