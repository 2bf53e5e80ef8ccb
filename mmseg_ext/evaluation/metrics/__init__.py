from .error_localization_metric import ErrorLocalizationMetric

__all__ = ['ErrorLocalizationMetric']
