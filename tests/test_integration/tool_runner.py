"""Runs tools as a user does: in this process where that is enough."""
import os
import os.path as osp
import runpy
import subprocess
import sys
from unittest.mock import patch

import mmseg
from mmengine.utils import ManagerMixin

REPO = osp.abspath(osp.join(osp.dirname(__file__), '../..'))
STOCK_TOOLS = osp.join(osp.dirname(mmseg.__file__), '.mim', 'tools')


def forget_instances(manager):
    """Drop the global loggers, hubs and visualisers of earlier runs."""
    manager._instance_dict.clear()
    for child in manager.__subclasses__():
        forget_instances(child)


def run_tool(tool, *args):
    """Run a tool of this repository, or a stock one by its absolute path.

    Args:
        tool (str): ``'tools/train.py'`` or the like.
        *args: Its arguments.
    """
    forget_instances(ManagerMixin)
    path = osp.join(REPO, tool)
    argv = [path, *map(str, args)]
    with patch.object(sys, 'argv', argv), patch.dict(os.environ):
        try:
            runpy.run_path(path, run_name='__main__')
        except SystemExit as stop:
            assert not stop.code, f'{argv} ended with {stop.code}'


def tool_command(tool, *args):
    """The command line that runs a tool in a process of its own."""
    return [sys.executable, osp.join(REPO, tool), *map(str, args)]


def tool_environment():
    """Environment for such a process."""
    path = os.pathsep.join(filter(None, [REPO, os.environ.get('PYTHONPATH')]))
    return dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS='1')


def run_process(command, **kwargs):
    """Run a command; its output is in the failure message."""
    done = subprocess.run(
        command,
        env=tool_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        **kwargs)
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def start_process(command, **kwargs):
    """Start a command in a session of its own, output and errors in one."""
    return subprocess.Popen(
        command,
        env=tool_environment(),
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **kwargs)
