from ...utils.extras import is_installed, refuse_models

__all__ = []

if is_installed('mmdet'):
    from .panet import PANet  # noqa: F401
    __all__ += ['PANet']
else:
    refuse_models('mmdet', ['PANet'])
