from .base import BaseAlgorithm
from .class_incremental import ClassIncremental
from .cycle_gan import CycleGAN
from .denoising_pretraining import DenoisingPretraining
from .domain_adaptation import DomainAdaptation
from .eln import ELN
from .image_tagging import ImageTagging
from .mean_teacher import MeanTeacher
from .self_training import SelfTraining
from .weakly_incremental import WeaklyIncremental

__all__ = [
    'BaseAlgorithm',
    'ClassIncremental',
    'CycleGAN',
    'DenoisingPretraining',
    'DomainAdaptation',
    'ELN',
    'ImageTagging',
    'MeanTeacher',
    'SelfTraining',
    'WeaklyIncremental',
]
