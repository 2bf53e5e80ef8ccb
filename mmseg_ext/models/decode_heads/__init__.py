from .deeplabv2_head import DeepLabV2Head
from .deeplabv3plus_head import DeepLabV3PlusHead
from .efficient_da_head import EfficientDAHead
from .efficient_enc_head import EfficientEncHead
from .error_simulation_decoders import ErrorSimulationDecoders
from .projected_aspp_head import ProjectedASPPHead

__all__ = [
    'DeepLabV2Head', 'DeepLabV3PlusHead', 'EfficientDAHead',
    'EfficientEncHead', 'ErrorSimulationDecoders', 'ProjectedASPPHead'
]
