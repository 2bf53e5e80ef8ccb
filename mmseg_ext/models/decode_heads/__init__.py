from .deeplabv2_head import DeepLabV2Head
from .deeplabv3plus_head import DeepLabV3PlusHead
from .error_simulation_decoders import ErrorSimulationDecoders
from .image_tag_head import ImageTagHead
from .transunet_head import TransUNetHead

__all__ = [
    'DeepLabV2Head', 'DeepLabV3PlusHead', 'ErrorSimulationDecoders',
    'ImageTagHead', 'TransUNetHead'
]
