"""Trainings that a tool starts, one process each."""
import json
import os.path as osp
import sys
from pathlib import Path
from subprocess import STDOUT
from typing import Any, Iterator, Sequence, Tuple, Union

from .atomic_io import atomic_open
from .folder_lock import folder_lock, run_alone

SETTINGS = 'settings.json'
FINISHED = 'finished'


def claim_work_dir(work_dir: str, settings: dict) -> None:
    """Let a folder be that of a training with these settings alone.

    Ahead of a training that goes on with what the folder holds.

    Args:
        work_dir (str): Working directory.
        settings (dict): The config as it is trained.

    Raises:
        RuntimeError: If the folder belongs to other settings.
    """
    path = osp.join(work_dir, SETTINGS)
    text = json.dumps(settings, sort_keys=True, indent=1, default=str)
    if osp.exists(path):
        with open(path, encoding='utf-8') as file:
            former = json.load(file)
        for field, found, wanted in _differences(former, json.loads(text)):
            raise RuntimeError(
                f'{work_dir} holds a training with {field}={found!r}, asked '
                f'for is {wanted!r}: give another --work-dir.')
        return
    with atomic_open(path, 'w') as file:
        file.write(text)


def train(tool: Union[str, Path], config: str, work_dir: str,
          options: Sequence[str]) -> int:
    """Train a config unless it is done; a run that was stopped goes on.

    Args:
        tool (str or Path): ``tools/train.py``.
        config (str): The config.
        work_dir (str): Working directory; ``train.log`` in it gets the
            output, ``finished`` tells a run that came to its end.
        options (Sequence[str]): Values for ``--cfg-options``.

    Returns:
        int: Status of the process, 0 where there was nothing to do.

    Raises:
        RuntimeError: If another process trains there.
    """
    if osp.exists(osp.join(work_dir, FINISHED)):
        return 0
    command = [
        sys.executable,
        str(tool), config, '--work-dir', work_dir, '--resume'
    ]
    if options:
        command += ['--cfg-options', *options]
    with folder_lock(work_dir), open(osp.join(work_dir, 'train.log'),
                                     'w') as log:
        status = run_alone(command, work_dir, stdout=log, stderr=STDOUT)
    if status == 0:
        Path(work_dir, FINISHED).touch()
    return status


def _differences(found: Any,
                 wanted: Any,
                 field: str = '') -> Iterator[Tuple[str, Any, Any]]:
    """Where two configs differ: the field and its values."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for name in sorted({*found, *wanted}):
            yield from _differences(
                found.get(name), wanted.get(name),
                f'{field}.{name}' if field else name)
    elif found != wanted:
        yield field, found, wanted
