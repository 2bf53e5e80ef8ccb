"""One process at a time in a folder."""
import os
import signal
import subprocess
import sys

import pytest

from mmseg_ext.utils.folder_lock import folder_lock, run_alone
from mmseg_ext.utils.training_runs import train

TOOL = """
import sys
from mmseg_ext.utils.folder_lock import folder_lock, run_alone
code = 'import os, time; print(os.getpid(), flush=True); os.fork(); '
with folder_lock(sys.argv[1]):
    run_alone([sys.executable, '-c', code + 'time.sleep(60)'], sys.argv[1])
"""


def test_what_a_killed_tool_has_started_keeps_the_folder(tmp_path, repo):
    """A second start waits for it, not for the processes that it forked."""
    folder = str(tmp_path)
    tool = subprocess.Popen([sys.executable, '-c', TOOL, folder],
                            stdout=subprocess.PIPE,
                            start_new_session=True,
                            env=dict(os.environ, PYTHONPATH=str(repo)))
    command = int(tool.stdout.readline())
    try:
        tool.kill()
        tool.wait()
        with folder_lock(folder):
            with pytest.raises(RuntimeError, match='Another process works'):
                run_alone(['true'], folder, patience=0.2)
            os.kill(command, signal.SIGKILL)
            assert run_alone(['true'], folder) == 0
    finally:
        os.killpg(tool.pid, signal.SIGKILL)


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
    assert train(tool, 'config.py', str(tmp_path / 'run'), []) == 7
