from .constrained_loss import (ErrorSimulationGate, constrained_gate,
                               valid_cross_entropy)
from .error_localization_loss import ErrorLocalizationLoss
from .pixel_contrast_loss import PixelContrastLoss, sample_windows

__all__ = [
    'ErrorLocalizationLoss', 'ErrorSimulationGate', 'PixelContrastLoss',
    'constrained_gate', 'sample_windows', 'valid_cross_entropy'
]
