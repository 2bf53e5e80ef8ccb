from .metrics import ErrorLocalizationMetric, SubsetIoUMetric, TargetEntropy

__all__ = ['ErrorLocalizationMetric', 'SubsetIoUMetric', 'TargetEntropy']
