"""Stand-in for mmcv's compiled extension where only mmcv-lite is installed.

Every module of ``mmcv.ops`` loads ``mmcv._ext`` at import, and mmseg, mmdet
and mmpretrain import ``mmcv.ops`` whether or not a model calls an operator.
The stand-in offers PyTorch kernels for the operators that models of this suite
call, and for every other name a function that says what to install. A compiled
extension wins wherever there is one.
"""
import importlib
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Callable

from . import kernels
from .distributions import find_distribution

__all__ = ['EXTENSION', 'MMCVOpsStandIn', 'apply', 'is_stand_in']

EXTENSION = 'mmcv._ext'


class MMCVOpsStandIn(ModuleType):
    """A module that answers for every operator of ``mmcv._ext``."""

    def __init__(self) -> None:
        super().__init__(EXTENSION, 'PyTorch kernels in place of compiled')
        # Without a loader, so that ``mmengine.utils.dl_utils`` and mmcv go on
        # reporting that there are no compiled operators.
        self.__spec__ = ModuleSpec(EXTENSION, loader=None, origin=__name__)
        for name in kernels.__all__:
            setattr(self, name, getattr(kernels, name))

    def __getattr__(self, name: str) -> Callable:
        # mmcv asks for every operator at import: answer now, refuse the call.
        if name.startswith('_'):
            raise AttributeError(f'module {EXTENSION} has no attribute {name}')

        def refuse(*args, **kwargs):
            raise NotImplementedError(
                f'the mmcv operator "{name}" is needed but not compiled in '
                f'the installed mmcv: {_remedy()}')

        refuse.__name__ = name
        return refuse


def _remedy() -> str:
    import torch
    name, version = find_distribution('mmcv') or ('mmcv', '2.1.0')
    full = 'onedl-mmcv' if name.startswith('onedl') else 'mmcv'
    return (f'install a full {full}=={version} built for torch '
            f'{torch.__version__} (pip uninstall -y {name}; MMCV_WITH_OPS=1 '
            f'pip install --no-build-isolation "{full}=={version}")')


def is_stand_in() -> bool:
    """Whether mmcv's operators come from here and not from a compiler."""
    return isinstance(sys.modules.get(EXTENSION), MMCVOpsStandIn)


def apply() -> str:
    """Register the stand-in, unless mmcv has its extension.

    Returns:
        str: What was done.
    """
    if is_stand_in():
        return 'PyTorch kernels stand in for mmcv._ext'
    if find_spec('mmcv') is None:
        return 'nothing, mmcv is not installed'
    if EXTENSION in sys.modules or find_spec(EXTENSION) is not None:
        return 'nothing, mmcv._ext is compiled'
    stand_in = MMCVOpsStandIn()
    sys.modules[EXTENSION] = stand_in
    importlib.import_module('mmcv')._ext = stand_in
    return 'PyTorch kernels stand in for mmcv._ext'
