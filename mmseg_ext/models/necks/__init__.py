from .undilated_jpu import UndilatedJPU

__all__ = ['UndilatedJPU']
