from .denoising_metric import DenoisingMetric
from .error_localization_metric import ErrorLocalizationMetric
from .subset_iou_metric import SubsetIoUMetric
from .target_entropy import TargetEntropy

__all__ = [
    'DenoisingMetric', 'ErrorLocalizationMetric', 'SubsetIoUMetric',
    'TargetEntropy'
]
