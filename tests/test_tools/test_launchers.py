"""Our launchers run the stock tools and add nothing to their options."""
import ast
import os
import runpy
import signal
import stat
import subprocess
import sys

import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope

from mmseg_ext.compat.model_complexity import batch_beside_shape
from mmseg_ext.utils import stock_tool_path

TOOLS = [
    'train.py', 'test.py', 'analysis_tools/benchmark.py',
    'analysis_tools/get_flops.py'
]
TIMEOUT = 'TORCH_ELASTIC_SHUTDOWN_TIMEOUT'
SEGMENTOR = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(type='SegDataPreProcessor', size=(32, 32)),
    backbone=dict(
        type='ResNetV1c', depth=18, norm_cfg=dict(type='BN'), out_indices=[3]),
    decode_head=dict(
        type='FCNHead',
        in_channels=512,
        channels=8,
        num_convs=1,
        num_classes=4,
        norm_cfg=dict(type='BN')),
    test_cfg=dict(mode='whole'))


@pytest.fixture
def run(repo, monkeypatch, capsys):
    """Run a Python file in this process; returns what it printed."""

    def run(path, *args):
        for manager in (MMLogger, DefaultScope):
            manager._instance_dict.clear()
        monkeypatch.setattr(sys, 'argv', [str(path), *map(str, args)])
        try:
            runpy.run_path(str(path), run_name='__main__')
        except SystemExit as stop:
            assert not stop.code, capsys.readouterr()
        return capsys.readouterr().out

    monkeypatch.setattr(sys, 'path', sys.path[:])
    return run


@pytest.mark.parametrize('tool', TOOLS)
def test_help_is_the_stock_one(run, repo, tool):
    ours = run(repo / 'tools' / tool, '--help')
    assert ours == run(stock_tool_path(tool), '--help')
    assert ours.startswith(f'usage: {os.path.basename(tool)}')


def flops(output):
    return [
        line for line in output.splitlines()
        if line.startswith(('Input shape', 'Flops', 'Params'))
    ]


@pytest.mark.parametrize('preprocessor', ['inside', 'outside'])
def test_get_flops_counts_the_wrapped_segmentor(run, repo, tmp_path,
                                                preprocessor):
    plain = tmp_path / 'plain.py'
    Config(dict(model=SEGMENTOR)).dump(plain)
    inner = dict(SEGMENTOR)
    outer = dict(type='NoSuchAlgorithm', segmentor=inner)
    if preprocessor == 'outside':
        outer['data_preprocessor'] = inner.pop('data_preprocessor')
    wrapped = tmp_path / 'wrapped.py'
    Config(dict(model=outer)).dump(wrapped)
    tool = 'analysis_tools/get_flops.py'
    with batch_beside_shape():
        expected = run(stock_tool_path(tool), plain, '--shape', 64, 96)
    ours = run(repo / 'tools' / tool, wrapped, '--shape', 64, 96)
    assert len(flops(ours)) == 3
    assert flops(ours) == flops(expected)


def test_get_flops_applies_options_to_the_config_of_the_user(
        run, repo, tmp_path):
    wrapped = tmp_path / 'wrapped.py'
    Config(dict(model=dict(type='X', segmentor=SEGMENTOR))).dump(wrapped)
    tool = repo / 'tools' / 'analysis_tools' / 'get_flops.py'
    small = run(tool, wrapped, '--shape', 64)
    large = run(tool, wrapped, '--shape', 64, '--cfg-options',
                'model.segmentor.decode_head.channels=64')
    assert flops(small)[0] == flops(large)[0]
    assert flops(small)[2] != flops(large)[2]


def first_package(path):
    """Which of mmseg and mmseg_ext a file imports first, if any."""
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or '']
        for name in names:
            if name.partition('.')[0] in ('mmseg', 'mmdet', 'mmseg_ext'):
                return name.partition('.')[0]
    return None


def test_tools_import_our_package_ahead_of_mmseg(repo):
    """What mmseg needs to import on the stock stack is mended there."""
    tools = sorted((repo / 'tools').rglob('*.py'))
    wrong = [
        path.name for path in tools
        if first_package(path) not in (None, 'mmseg_ext')
    ]
    assert tools and wrong == []


@pytest.fixture
def shell(repo, tmp_path):
    """Run a script with stand-ins for python and srun; returns its calls."""
    calls = tmp_path / 'calls'
    program = tmp_path / 'bin' / 'python'
    program.parent.mkdir()
    program.write_text('#!/bin/sh\n'
                       f'for arg in "$0" "$@"; do echo "$arg"; done >{calls}\n'
                       f'echo "PYTHONPATH=$PYTHONPATH" >>{calls}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (program.parent / 'srun').symlink_to(program)

    def run(script, *args, **environment):
        env = dict(os.environ, **environment)
        env.pop('PYTHON', None)
        env['PATH'] = f'{program.parent}{os.pathsep}{env["PATH"]}'
        done = subprocess.run(['bash', f'tools/{script}', *map(str, args)],
                              cwd=repo,
                              env=env,
                              text=True,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        return done, calls.read_text().splitlines() if calls.exists() else []

    return run


@pytest.mark.parametrize('script, tool, args', [
    ('dist_train.sh', 'train.py', ['config.py']),
    ('dist_test.sh', 'test.py', ['config.py', 'weights.pth']),
])
def test_dist_scripts_call_torchrun(shell, script, tool, args):
    done, call = shell(
        script,
        *args,
        8,
        '--cfg-options',
        'a="[1, 2]"',
        NNODES='2',
        NODE_RANK='1',
        MASTER_ADDR='10.0.0.1',
        PORT='29501')
    assert done.returncode == 0, done.stderr
    assert call[1:-1] == [
        '-m', 'torch.distributed.run', '--nnodes=2', '--node_rank=1',
        '--master_addr=10.0.0.1', '--master_port=29501', '--nproc_per_node=8',
        f'tools/{tool}', *args, '--launcher', 'pytorch', '--cfg-options',
        'a="[1, 2]"'
    ]
    assert call[-1].startswith('PYTHONPATH=tools/..')


@pytest.mark.parametrize('given, expected', [(None, '600'), ('30', '30')])
def test_dist_train_hands_a_signal_on(repo, tmp_path, given, expected):
    """And leaves the processes time to save."""
    program = tmp_path / 'python'
    program.write_text("#!/bin/sh\ntrap 'exit 7' TERM\n"
                       f'echo ${TIMEOUT}\n'
                       'for i in $(seq 100); do sleep 0.1; done\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    env = dict(os.environ, PYTHON=str(program))
    env.pop(TIMEOUT, None)
    if given is not None:
        env[TIMEOUT] = given
    with subprocess.Popen(['bash', 'tools/dist_train.sh', 'config.py', '2'],
                          cwd=repo,
                          env=env,
                          stdout=subprocess.PIPE,
                          text=True) as process:
        assert process.stdout.readline().strip() == expected
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 7


@pytest.mark.parametrize('script, tool, args', [
    ('slurm_train.sh', 'train.py', ['config.py']),
    ('slurm_test.sh', 'test.py', ['config.py', 'weights.pth']),
])
def test_slurm_scripts_call_srun(shell, script, tool, args):
    done, call = shell(
        script,
        'gpus',
        'job',
        *args,
        '--amp',
        GPUS='16',
        GPUS_PER_NODE='8',
        CPUS_PER_TASK='6',
        SRUN_ARGS='--quotatype=auto --exclusive')
    assert done.returncode == 0, done.stderr
    assert call[0].endswith('srun')
    assert call[1:-1] == [
        '-p', 'gpus', '--job-name=job', '--gres=gpu:8', '--ntasks=16',
        '--ntasks-per-node=8', '--cpus-per-task=6', '--kill-on-bad-exit=1',
        '--quotatype=auto', '--exclusive', 'python', '-u', f'tools/{tool}',
        *args, '--amp', '--launcher=slurm'
    ]


@pytest.mark.parametrize('script',
                         ['dist_train.sh', 'dist_test.sh', 'slurm_train.sh'])
def test_scripts_tell_their_usage(shell, script):
    done, call = shell(script, 'config.py')
    assert done.returncode == 2 and call == []
    assert done.stderr.startswith('usage: ')
