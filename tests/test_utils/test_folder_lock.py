"""One process at a time in a folder."""
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmseg_ext.utils.folder_lock import folder_lock
from mmseg_ext.utils.training_runs import train

PARENT = """
import subprocess, sys
from mmseg_ext.utils.child_process import die_with_parent
child = subprocess.Popen(['sleep', '60'], preexec_fn=die_with_parent)
print(child.pid, flush=True)
child.wait()
"""


@pytest.mark.skipif(sys.platform != 'linux', reason='needs prctl')
def test_what_a_killed_tool_has_started_dies(repo):
    """Otherwise the next start would train beside it."""
    tool = subprocess.Popen([sys.executable, '-c', PARENT],
                            stdout=subprocess.PIPE,
                            env=dict(os.environ, PYTHONPATH=str(repo)))
    child = Path('/proc', tool.stdout.readline().decode().strip())
    assert child.exists()
    tool.kill()
    tool.wait()
    deadline = time.monotonic() + 20
    while child.exists() and ') Z ' not in (child / 'stat').read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_second_process_is_refused(tmp_path):
    with folder_lock(str(tmp_path)):
        with pytest.raises(RuntimeError, match='Another process works in'):
            with folder_lock(str(tmp_path), patience=0.2):
                pass
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
