"""Let ``torch.load`` accept what mmengine's checkpoints hold, and no more.

torch >= 2.6 unpickles only tensors and plain containers. mmengine writes log
histories and numpy numbers as well: exactly these are put on torch's
allow-list, so that resuming works. ``weights_only`` is never switched off: a
checkpoint that asks for anything else is refused.
"""
from pickle import UnpicklingError
from typing import Callable

import numpy as np
import torch

__all__ = ['apply', 'history_statistic', 'mmengine_globals']

# The statistics that mmengine's HistoryBuffer comes with. It pickles them by
# ``getattr``, which nobody should allow as such.
STATISTICS = ('min', 'max', 'mean', 'current')


def mmengine_globals() -> list:
    """What a checkpoint of mmengine needs beyond torch's own allow-list.

    Returns:
        list: Classes and functions; a pair names the one that files written
        with another major version of numpy ask for.
    """
    from mmengine.logging import HistoryBuffer
    core = np._core if hasattr(np, '_core') else np.core
    functions = [(getattr(core.multiarray,
                          name), f'numpy.{package}.multiarray.{name}')
                 for package in ('core', '_core')
                 for name in ('_reconstruct', 'scalar')]
    # One class for each type of number: bool, (unsigned) integers, floats.
    dtypes = {type(np.dtype(code)) for code in '?bhilqBHILQefd'}
    return [
        HistoryBuffer, (history_statistic, 'builtins.getattr'), np.ndarray,
        np.dtype, *functions, *sorted(dtypes, key=repr)
    ]


def history_statistic(owner: type, name: str) -> Callable:
    """What ``getattr`` means in a checkpoint: a statistic of HistoryBuffer.

    Args:
        owner (type): HistoryBuffer.
        name (str): One of ``STATISTICS``.

    Returns:
        Callable: The method.

    Raises:
        UnpicklingError: For any other attribute of anything.
    """
    from mmengine.logging import HistoryBuffer
    if owner is not HistoryBuffer or name not in STATISTICS:
        raise UnpicklingError(
            f'the checkpoint asks for the attribute {name!r} of {owner!r}, '
            'which no checkpoint of mmengine needs: it is not safe to load')
    return getattr(HistoryBuffer, name)


def apply() -> str:
    """Extend torch's allow-list, and keep a refusal a refusal.

    Returns:
        str: What was done.
    """
    if not _loads_safely():
        return (f'nothing, torch {torch.__version__} loads checkpoints without'
                ' weights_only')
    torch.serialization.add_safe_globals(mmengine_globals())
    done = 'allowed the log histories and numpy numbers of mmengine'
    if _hold_refusal():
        done += ', mmengine does not fall back to unsafe loading'
    return done


def _loads_safely() -> bool:
    """Whether ``torch.load`` is safe unless told otherwise."""
    major, minor = torch.__version__.split('.')[:2]
    return (int(major), int(minor)) >= (2, 6)


def _hold_refusal() -> bool:
    """Take out the unsafe second attempt that the fork of mmengine makes.

    ``onedl-mmengine`` loads through a function that answers a refusal by
    unpickling anything. Where that function exists, it is replaced by one that
    stays with the refusal.
    """
    from mmengine.runner import checkpoint
    if not hasattr(checkpoint, '_safe_torch_load'):
        return False
    checkpoint._safe_torch_load = _torch_load
    return True


def _torch_load(file, map_location=None, weights_only=None):
    """``torch.load`` with ``weights_only`` unless the caller says not."""
    return torch.load(
        file,
        map_location=map_location,
        weights_only=True if weights_only is None else weights_only)
