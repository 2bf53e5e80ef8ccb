"""Files that are either whole or not there."""
import os
from contextlib import contextmanager
from typing import IO, Iterator


@contextmanager
def atomic_open(path: str,
                mode: str = 'wb',
                sync: bool = True) -> Iterator[IO]:
    """Open a file under a temporary name and rename it when it is complete.

    The content reaches the disk ahead of the rename, so that not even a power
    cut leaves half a file under the final name. If the block raises, the
    former file stays and the temporary one is removed.

    Args:
        path (str): Final path; its folder is made if it is missing.
        mode (str): ``wb`` or ``w``. Defaults to ``wb``.
        sync (bool): Whether to wait for the disk. False is for many small
            files of which a broken one is noticed and made anew. Defaults to
            True.

    Yields:
        IO: The open temporary file beside the final one.
    """
    folder, name = os.path.split(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    temporary = os.path.join(folder, f'.{name}.{os.getpid()}.tmp')
    try:
        with open(temporary, mode) as file:
            yield file
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.remove(temporary)
        raise
