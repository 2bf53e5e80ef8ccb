from ...utils.extras import is_installed, refuse_models

__all__ = []

if is_installed('mmdet'):
    from .oneformer_head import OneFormerHead  # noqa: F401
    __all__ += ['OneFormerHead']
else:
    refuse_models('mmdet', ['OneFormerHead'])
