"""Trainings that a tool starts, one process each."""
import os.path as osp
import sys
from pathlib import Path
from subprocess import STDOUT
from typing import Sequence, Union

from .folder_lock import folder_lock, run_alone


def train(tool: Union[str, Path], config: str, work_dir: str,
          options: Sequence[str], checkpoint: str) -> int:
    """Train a config unless it is done; a run that was stopped goes on.

    Args:
        tool (str or Path): ``tools/train.py``.
        config (str): The config.
        work_dir (str): Working directory; ``train.log`` in it gets the
            output.
        options (Sequence[str]): Values for ``--cfg-options``.
        checkpoint (str): Name of the last checkpoint, by which a finished run
            is told.

    Returns:
        int: Status of the process, 0 where there was nothing to do.

    Raises:
        RuntimeError: If another process trains there.
    """
    if osp.exists(osp.join(work_dir, checkpoint)):
        return 0
    command = [
        sys.executable,
        str(tool), config, '--work-dir', work_dir, '--resume'
    ]
    if options:
        command += ['--cfg-options', *options]
    with folder_lock(work_dir), open(osp.join(work_dir, 'train.log'),
                                     'w') as log:
        return run_alone(command, work_dir, stdout=log, stderr=STDOUT)
