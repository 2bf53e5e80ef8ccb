from ...utils.extras import is_installed, refuse_models

__all__ = []

if is_installed('mmdet'):
    from .oneformer import OneFormer  # noqa: F401
    __all__ += ['OneFormer']
else:
    refuse_models('mmdet', ['OneFormer'])
