from ...utils.extras import is_installed, refuse_models

__all__ = []
_NAMES = [
    'AdaptiveFeaturePooling', 'AdaptivePoolingBBoxHead',
    'FullyConnectedFusionMaskHead'
]

if is_installed('mmdet'):
    from .adaptive_feature_pooling import AdaptiveFeaturePooling  # noqa: F401
    from .adaptive_pooling_bbox_head import \
        AdaptivePoolingBBoxHead  # noqa: F401
    from .fully_connected_fusion_mask_head import \
        FullyConnectedFusionMaskHead  # noqa: F401
    __all__ += _NAMES
else:
    refuse_models('mmdet', _NAMES)
