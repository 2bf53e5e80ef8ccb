from ...compat import panoptic_metric, panoptic_pictures
from ...utils.extras import is_installed, refuse_models

__all__ = []
_NAMES = ['OneFormer', 'PANet']

if is_installed('mmdet'):
    from .oneformer import OneFormer  # noqa: F401
    from .panet import PANet  # noqa: F401
    __all__ += _NAMES
    panoptic_metric.apply()
    panoptic_pictures.apply()
else:
    refuse_models('mmdet', _NAMES)
