from .base import BasePseudoFilter, PseudoLabels
from .confidence_filter import ConfidenceFilter
from .error_correction_network import ErrorCorrectionNetwork
from .error_localization_network import ErrorLocalizationNetwork
from .filter_network import FilterNetwork

__all__ = [
    'BasePseudoFilter', 'ConfidenceFilter', 'ErrorCorrectionNetwork',
    'ErrorLocalizationNetwork', 'FilterNetwork', 'PseudoLabels'
]
