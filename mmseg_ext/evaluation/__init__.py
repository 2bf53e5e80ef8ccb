from .metrics import ErrorLocalizationMetric

__all__ = ['ErrorLocalizationMetric']
