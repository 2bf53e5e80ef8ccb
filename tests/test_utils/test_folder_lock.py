"""One process at a time in a folder."""
import os
import signal
import subprocess
import sys

import pytest

from mmseg_ext.utils.folder_lock import folder_lock
from mmseg_ext.utils.training_runs import train

PARENT = """
import subprocess, sys
from mmseg_ext.utils.folder_lock import folder_lock
with folder_lock(sys.argv[1]) as lock:
    child = subprocess.Popen([sys.executable, '-c', 'input()'],
                             stdin=subprocess.PIPE, pass_fds=[lock])
    print(child.pid, flush=True)
    child.wait()
"""


def test_a_child_that_is_left_keeps_the_lock(tmp_path, repo):
    """Of a tool that was killed while what it has started was not."""
    tool = subprocess.Popen([sys.executable, '-c', PARENT,
                             str(tmp_path)],
                            stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE,
                            env=dict(os.environ, PYTHONPATH=str(repo)))
    child = int(tool.stdout.readline())
    try:
        os.kill(child, signal.SIGSTOP)
        tool.kill()
        tool.wait()
        with pytest.raises(RuntimeError, match='Another process works in'):
            with folder_lock(str(tmp_path), patience=0.2):
                pass
    finally:
        os.kill(child, signal.SIGKILL)
    with folder_lock(str(tmp_path)):
        pass


def test_a_training_holds_the_lock(tmp_path):
    tool = tmp_path / 'tool.py'
    tool.write_text(
        'import fcntl, sys\n'
        'with open(sys.argv[3] + "/.lock", "w") as file:\n'
        '    try:\n'
        '        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)\n'
        '    except OSError:\n'
        '        sys.exit(7)\n')
    assert train(tool, 'config.py', str(tmp_path / 'run'), [], 'last.pth') == 7
