from .metrics import (ColorDistance, ErrorLocalizationMetric, SubsetIoUMetric,
                      TargetEntropy)

__all__ = [
    'ColorDistance', 'ErrorLocalizationMetric', 'SubsetIoUMetric',
    'TargetEntropy'
]
