from .boundary_f_score_metric import BoundaryFScoreMetric
from .color_distance import ColorDistance
from .denoising_metric import DenoisingMetric
from .error_localization_metric import ErrorLocalizationMetric
from .incremental_iou_metric import IncrementalIoUMetric
from .subset_iou_metric import SubsetIoUMetric
from .target_entropy import TargetEntropy

__all__ = [
    'BoundaryFScoreMetric',
    'ColorDistance',
    'DenoisingMetric',
    'ErrorLocalizationMetric',
    'IncrementalIoUMetric',
    'SubsetIoUMetric',
    'TargetEntropy',
]
