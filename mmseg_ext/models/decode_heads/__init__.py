from ...utils.extras import is_installed, refuse_models
from .deeplabv2_head import DeepLabV2Head
from .deeplabv3plus_head import DeepLabV3PlusHead
from .efficient_da_head import EfficientDAHead
from .efficient_enc_head import EfficientEncHead
from .error_simulation_decoders import ErrorSimulationDecoders
from .gscnn_head import GSCNNHead
from .image_tag_head import ImageTagHead
from .projected_aspp_head import ProjectedASPPHead
from .reduced_psp_head import ReducedPSPHead
from .transunet_head import TransUNetHead

__all__ = [
    'DeepLabV2Head',
    'DeepLabV3PlusHead',
    'EfficientDAHead',
    'EfficientEncHead',
    'ErrorSimulationDecoders',
    'GSCNNHead',
    'ImageTagHead',
    'ProjectedASPPHead',
    'ReducedPSPHead',
    'TransUNetHead',
]

if is_installed('mmdet'):
    from .oneformer_head import OneFormerSegHead  # noqa: F401
    __all__ += ['OneFormerSegHead']
else:
    refuse_models('mmdet', ['OneFormerHead'])
