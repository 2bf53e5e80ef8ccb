from .deeplabv3plus_head import DeepLabV3PlusHead
from .error_simulation_decoders import ErrorSimulationDecoders

__all__ = ['DeepLabV3PlusHead', 'ErrorSimulationDecoders']
