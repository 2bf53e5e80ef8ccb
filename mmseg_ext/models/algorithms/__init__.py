from .base import BaseAlgorithm
from .eln import ELN
from .mean_teacher import MeanTeacher
from .self_training import SelfTraining

__all__ = ['BaseAlgorithm', 'ELN', 'MeanTeacher', 'SelfTraining']
