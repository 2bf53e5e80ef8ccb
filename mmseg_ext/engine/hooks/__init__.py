from .ema_teacher_hook import EMATeacherHook
from .error_simulation_hook import ErrorSimulationHook
from .label_scan_hook import LabelScanHook
from .stage_hook import StageHook

__all__ = [
    'EMATeacherHook', 'ErrorSimulationHook', 'LabelScanHook', 'StageHook'
]
