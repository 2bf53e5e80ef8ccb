"""A cluster takes its machine back: SIGTERM to all processes of a training."""
import os
import signal
import sys
import time
from pathlib import Path

import pytest
import torch

from mmseg_ext.utils.run_scores import read_scores
from .method_battery import assert_equal, short_config, write
from .tool_runner import run_tool, start_process, tool_command

CONFIG = 'configs/danet/fcn_toystreet.py'


@pytest.fixture
def endless(toystreet, tmp_path):
    """A config whose checkpoints come long after any test has ended."""
    cfg = short_config(CONFIG, toystreet, tmp_path / 'work', 100000)
    cfg.train_dataloader.update(num_workers=2, persistent_workers=True)
    cfg.train_cfg.val_interval = 100000
    cfg.default_hooks.checkpoint.interval = 100000
    cfg.default_hooks.logger.interval = 1
    return cfg


def read_until(process, text):
    """Read output up to a line with some text."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return lines
    raise AssertionError(''.join(lines))


def finish(process):
    output, _ = process.communicate(timeout=120)
    return output


def test_stops_saves_and_goes_on(endless, tmp_path):
    path = write(endless, tmp_path / 'config.py')
    process = start_process(tool_command('tools/train.py', path))
    read_until(process, '[     3/100000]')
    os.killpg(process.pid, signal.SIGTERM)  # the workers get it as well
    output = finish(process)
    assert process.returncode == 128 + signal.SIGTERM, output
    assert 'Stopped by a signal' in output
    work_dir = endless.work_dir
    last = open(os.path.join(work_dir, 'last_checkpoint')).read().strip()
    stopped = torch.load(last)
    step = stopped['meta']['iter']
    assert last.endswith(f'iter_{step}.pth') and step >= 3

    # on for two iterations, and the same without a stop
    for folder, more in ((work_dir, ['--resume']), (tmp_path / 'straight',
                                                    [])):
        endless.train_cfg.max_iters = step + 2
        endless.default_hooks.checkpoint.interval = step + 2
        run_tool('tools/train.py', write(endless, path), '--work-dir', folder,
                 *more)
    ends = [
        torch.load(f'{folder}/iter_{step + 2}.pth')
        for folder in (work_dir, tmp_path / 'straight')
    ]
    for key in ('state_dict', 'optimizer'):
        assert_equal(ends[0][key], ends[1][key])


@pytest.mark.parametrize('name', ['SIGTERM', 'SIGUSR1'])
def test_stops_where_workers_wait_for_the_next_validation(
        endless, tmp_path, name):
    endless.default_hooks.checkpoint.stop_signals = [name]
    endless.train_cfg.val_interval = 2
    endless.val_dataloader.update(num_workers=1, persistent_workers=True)
    process = start_process(
        tool_command('tools/train.py', write(endless, tmp_path / 'config.py')))
    read_until(process, '[     3/100000]')
    number = getattr(signal, name)
    os.killpg(process.pid, number)
    output = finish(process)
    assert process.returncode == 128 + number, output
    torch.load(
        open(os.path.join(endless.work_dir, 'last_checkpoint')).read().strip())


def test_workers_load_the_rest_of_an_epoch(endless, tmp_path):
    # of two batches
    endless.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=50000)
    endless.val_cfg = endless.val_dataloader = endless.val_evaluator = None
    endless.train_dataloader.update(num_workers=1)
    endless.train_dataloader.sampler = dict(type='DefaultSampler')
    process = start_process(
        tool_command('tools/train.py', write(endless, tmp_path / 'config.py')))
    read_until(process, '[     3/100000]')
    os.killpg(process.pid, signal.SIGTERM)
    output = finish(process)
    assert process.returncode == 128 + signal.SIGTERM, output
    last = torch.load(
        open(os.path.join(endless.work_dir, 'last_checkpoint')).read().strip())
    assert last['meta']['iter'] == 2 * last['meta']['epoch'] >= 4


def test_a_run_that_is_resumed_at_its_end_is_validated(endless, tmp_path):
    """It may have been killed between its checkpoint and its last figure."""
    endless.train_cfg.update(max_iters=2, val_interval=2)
    endless.train_dataloader.update(num_workers=0, persistent_workers=False)
    path = write(endless, tmp_path / 'config.py')
    run_tool('tools/train.py', path)
    scores = read_scores(endless.work_dir)
    assert list(scores['model']) == [2]
    for log in Path(endless.work_dir).glob('*/vis_data/scalars.json'):
        log.unlink()
    run_tool('tools/train.py', path, '--resume')
    assert read_scores(endless.work_dir) == scores


@pytest.mark.slow
def test_two_ranks_stop_together(endless, tmp_path):
    """One of them gets the signal; both save and end."""
    path = write(endless, tmp_path / 'config.py')
    process = start_process([
        sys.executable, '-m', 'torch.distributed.run', '--standalone',
        '--nproc_per_node=2',
        tool_command('tools/train.py')[1], path, '--launcher', 'pytorch'
    ])
    read_until(process, '[     3/100000]')
    os.killpg(process.pid, signal.SIGTERM)
    output = finish(process)
    assert process.returncode != 0
    last = os.path.join(endless.work_dir, 'last_checkpoint')
    deadline = time.time() + 60
    while not os.path.exists(last) and time.time() < deadline:
        time.sleep(0.1)
    torch.load(open(last).read().strip())
    assert 'Stopped by a signal' in output


def test_options_are_checked(endless, tmp_path):
    endless.default_hooks.checkpoint.stop_signals = ['SIGNONE']
    with pytest.raises(ValueError, match='stop_signals'):
        run_tool('tools/train.py', write(endless, tmp_path / 'config.py'))
    endless.default_hooks.checkpoint.stop_signals = []
    endless.default_hooks.checkpoint.stop_check_interval = 0
    with pytest.raises(ValueError, match='stop_check_interval'):
        run_tool('tools/train.py', write(endless, tmp_path / 'config.py'))
