"""What makes masks of the classes that an image is known to show."""
from .base import BaseCoSegmentor
from .class_activation_co_segmentor import ClassActivationCoSegmentor
from .foundation_co_segmentor import FoundationCoSegmentor
from .simulated_co_segmentor import SimulatedCoSegmentor

__all__ = [
    'BaseCoSegmentor', 'ClassActivationCoSegmentor', 'FoundationCoSegmentor',
    'SimulatedCoSegmentor'
]
