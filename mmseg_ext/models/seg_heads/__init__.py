from ...utils.extras import is_installed, refuse_models

__all__ = []

if is_installed('mmdet'):
    from .oneformer_fusion_head import OneFormerFusionHead  # noqa: F401
    __all__ += ['OneFormerFusionHead']
else:
    refuse_models('mmdet', ['OneFormerFusionHead'])
