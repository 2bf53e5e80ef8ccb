from .bilinear_upsampling import BilinearUpsampling
from .undilated_jpu import UndilatedJPU

__all__ = ['BilinearUpsampling', 'UndilatedJPU']
