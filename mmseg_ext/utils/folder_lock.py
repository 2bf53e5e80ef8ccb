"""One process at a time works in a folder."""
import fcntl
import os
import os.path as osp
import time
from contextlib import contextmanager
from typing import Iterator

LOCK = '.lock'


@contextmanager
def folder_lock(folder: str, patience: float = 10.) -> Iterator[None]:
    """Lock a folder, which is made where it is missing.

    The lock ends with the process, and is not handed on: the workers of a data
    loader can outlive a trainer that was killed.

    Args:
        folder (str): The folder, usually a ``--work-dir``.
        patience (float): Seconds to wait for a process that is ending.
            Defaults to 10.

    Raises:
        RuntimeError: If another process holds the lock.
    """
    os.makedirs(folder, exist_ok=True)
    with open(osp.join(folder, LOCK), 'w') as file:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() >= deadline:
                    raise RuntimeError(
                        f'Another process works in --work-dir {folder}: wait '
                        'for it, or give another one.') from None
                time.sleep(0.1)
        yield
