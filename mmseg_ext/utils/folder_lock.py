"""One process at a time works in a folder."""
import fcntl
import os
import os.path as osp
import subprocess
import time
from contextlib import contextmanager
from functools import partial
from typing import IO, Callable, Iterator, Sequence

LOCK = '.lock'
COMMAND_LOCK = '.command.lock'


@contextmanager
def folder_lock(folder: str, patience: float = 10.) -> Iterator[None]:
    """Lock a folder, which is made where it is missing.

    The lock ends with the process, and is not handed on.

    Args:
        folder (str): The folder, usually a ``--work-dir``.
        patience (float): Seconds to wait for a process that is ending.
            Defaults to 10.

    Raises:
        RuntimeError: If another process holds the lock.
    """
    os.makedirs(folder, exist_ok=True)
    with open(osp.join(folder, LOCK), 'w') as file:
        _wait(fcntl.flock, file, folder, patience)
        yield


def run_alone(command: Sequence[str],
              folder: str,
              patience: float = 10.,
              **kwargs) -> int:
    """Run a command under :func:`folder_lock`, one at a time.

    The command has a lock of its own, so that where the tool that has started
    it is killed and it is not, a second start does not work beside it. It is a
    lock of the process, which no data loader's worker inherits: such a worker
    can outlive a trainer that was killed.

    Args:
        command (Sequence[str]): The command line.
        folder (str): The folder, which exists.
        patience (float): As of :func:`folder_lock`. Defaults to 10.
        **kwargs: Further arguments of ``subprocess.run``.

    Returns:
        int: Status of the command.

    Raises:
        RuntimeError: If an earlier command still runs.
    """
    with open(osp.join(folder, COMMAND_LOCK), 'w') as file:
        _wait(fcntl.lockf, file, folder, patience)
        fcntl.lockf(file, fcntl.LOCK_UN)
        return subprocess.run(
            command,
            pass_fds=[file.fileno()],
            preexec_fn=partial(fcntl.lockf, file.fileno(), fcntl.LOCK_EX),
            **kwargs).returncode


def _wait(lock: Callable, file: IO, folder: str, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            return lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= deadline:
                raise RuntimeError(
                    f'Another process works in --work-dir {folder}: wait for '
                    'it, or give another one.') from None
            time.sleep(0.1)
