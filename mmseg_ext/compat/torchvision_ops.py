"""Let ``import torchvision`` succeed beside a torch that it was not built for.

The wheels of the package index are CUDA builds. Beside a CPU-only torch their
C++ library does not load, and the import fails with "operator torchvision::nms
does not exist". torchvision copes with a missing library everywhere but where
it describes two operators, so these two are declared here ahead of it. Calling
them still ends in torchvision's own message.
"""
import contextlib
import os
import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec
from typing import Optional

import torch

__all__ = ['SCHEMAS', 'apply']

SCHEMAS = {
    'nms': '(Tensor dets, Tensor scores, float iou_threshold) -> Tensor',
    'qnms': '(Tensor dets, Tensor scores, float iou_threshold) -> Tensor',
}

# Declarations live as long as this object.
_library: Optional[torch.library.Library] = None


def apply() -> str:
    """Declare the operators, if torchvision's own library does not load.

    Returns:
        str: What was done.
    """
    global _library
    if _library is not None:
        return f'declared {", ".join(SCHEMAS)}'
    spec = find_spec('torchvision')
    if spec is None:
        return 'nothing, torchvision is not installed'
    if 'torchvision' in sys.modules:
        return 'nothing, torchvision is imported already'
    problem = _load_library(list(spec.submodule_search_locations or ()))
    if problem is None:
        return 'nothing, the library of torchvision loads'
    missing = [
        name for name in SCHEMAS if not hasattr(torch.ops.torchvision, name)
    ]
    _library = torch.library.Library('torchvision', 'FRAGMENT')
    for name in missing:
        _library.define(name + SCHEMAS[name])
    return f'declared {", ".join(missing)} ({problem})'


def _load_library(folders: list) -> Optional[str]:
    """Load ``torchvision._C`` as torchvision will; None, or what is wrong."""
    spec = PathFinder.find_spec('_C', folders)
    if spec is None or spec.origin is None:
        return 'torchvision has no C++ library'
    with contextlib.ExitStack() as stack:
        if os.name == 'nt':
            for folder in folders:
                stack.enter_context(os.add_dll_directory(folder))
        try:
            torch.ops.load_library(spec.origin)
        except OSError as error:
            return f'its library does not load: {error}'
    return None
