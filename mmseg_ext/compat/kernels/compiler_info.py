"""What mmcv reports about the compiler of its extension."""

__all__ = ['get_compiler_version', 'get_compiling_cuda_version']


def get_compiler_version() -> str:
    """Compiler of the extension: none, these kernels are PyTorch."""
    return 'not compiled (PyTorch kernels of mmseg_ext)'


def get_compiling_cuda_version() -> str:
    """CUDA version of the extension: none, these kernels are PyTorch."""
    return 'not compiled (PyTorch kernels of mmseg_ext)'
