from ...utils.extras import is_installed, refuse_models
from .bilinear_upsampling import BilinearUpsampling
from .undilated_jpu import UndilatedJPU

__all__ = ['BilinearUpsampling', 'UndilatedJPU']

if is_installed('mmdet'):
    from .path_aggregation_fpn import PathAggregationFPN  # noqa: F401
    __all__ += ['PathAggregationFPN']
else:
    refuse_models('mmdet', ['PathAggregationFPN'])
