"""Processes that a tool starts end with the tool."""
import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1
# Loaded here: little may be done between fork and exec.
_libc = ctypes.CDLL(None) if sys.platform == 'linux' else None

__all__ = ['die_with_parent']


def die_with_parent() -> None:
    """Have the kernel kill this process as soon as its parent is gone.

    For ``subprocess`` (``preexec_fn``). Where a tool is killed and what it has
    started is not, a second start would train beside it in the same folder.
    Linux only; elsewhere it does nothing.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
