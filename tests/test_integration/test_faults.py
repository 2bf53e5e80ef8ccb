"""What is left when a run ends where nobody expects it.

``kill -9`` at random moments of a training and of every tool that writes a
data set, a disk that is full, a checkpoint that was cut, a worker that dies.
"""
import os
import os.path as osp
import random
import re
import resource
import signal
import subprocess
import time

import pytest
import torch

from .method_battery import assert_equal, losses, short_config, write
from .test_bdl import short  # noqa: F401
from .test_fmwiss import files  # noqa: F401
from .tool_runner import (run_process, run_tool, start_process, tool_command,
                          tool_environment)

# With six tools more than fifty in all.
TRAINING_KILLS = 10
TOOL_KILLS = 7
HERE = osp.dirname(osp.abspath(__file__))


def kill(process):
    """End a process and all its workers at once."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def kill_at_random(command, has_begun, span, rng):
    """Run a command; kill it some time after its first trace.

    Args:
        command (list[str]): What to run.
        has_begun (Callable): Whether it has left a new trace.
        span (float): Longest time to wait behind that, in seconds.
        rng (random.Random): Chooses the time.

    Returns:
        bool: Whether it was killed; False if it was done before.
    """
    process = start_process(command)
    deadline = time.time() + 300
    while not has_begun():
        if process.poll() is not None:
            break
        assert time.time() < deadline
        time.sleep(0.002)
    else:
        try:
            process.wait(rng.uniform(0, span))
        except subprocess.TimeoutExpired:
            kill(process)
            return True
    output, _ = process.communicate()
    assert process.returncode == 0, output[-4000:]
    return False


@pytest.mark.slow
def test_training_survives_kills(toystreet, tmp_path):
    """All stages of ELN; the end equals that of an undisturbed run."""
    iters = 24
    cfg = short_config('configs/eln/eln_toystreet.py', toystreet,
                       tmp_path / 'straight', iters)
    cfg.default_hooks.checkpoint.interval = 1
    cfg.train_cfg.val_interval = 3
    path = write(cfg, tmp_path / 'config.py')
    run_tool('tools/train.py', path)
    folder = tmp_path / 'killed'
    last = folder / 'last_checkpoint'
    rng = random.Random(0)
    kills = 0
    while not (folder / f'iter_{iters}.pth').exists():
        before = last.read_text() if last.exists() else None
        kills += kill_at_random(
            tool_command('tools/train.py', path, '--work-dir', folder,
                         '--resume'),
            lambda before=before: last.exists() and last.read_text() != before,
            0.4,
            rng)
        # whatever has a name is whole
        named = [last.read_text(), *map(str, folder.glob('iter_*.pth'))]
        for checkpoint in named:
            torch.load(checkpoint, map_location='cpu')
        assert kills < 5 * iters
    assert kills >= TRAINING_KILLS
    straight = torch.load(tmp_path / f'straight/iter_{iters}.pth')
    resumed = torch.load(folder / f'iter_{iters}.pth')
    assert_equal(straight['state_dict'], resumed['state_dict'])
    assert_equal(straight['optimizer'], resumed['optimizer'])


@pytest.fixture
def offline_tools(request, tmp_path):
    """Command lines, without their output folder, by name."""
    read = request.getfixturevalue('short')
    _, translation, generators = read('cyclegan_toystreet')
    _, adaptation, segmentor = read('bdl_toystreet')
    incremental = request.getfixturevalue('files')
    device = ('--workers', 0, '--device', 'cpu')
    return {
        'toystreet':
        lambda out: tool_command('tools/dataset_converters/toystreet.py', out,
                                 '--num', 24, '--num-val', 4),
        'translate_dataset':
        lambda out: tool_command('tools/translate_dataset.py', translation,
                                 generators, out, *device),
        'make_pseudo_labels':
        lambda out: tool_command('tools/make_pseudo_labels.py', adaptation,
                                 segmentor, out, *device),
        'cosegment':
        lambda out: tool_command('tools/cosegment.py', incremental / 'step.py',
                                 out, *device),
        'build_memory_bank':
        lambda out: tool_command('tools/build_memory_bank.py', incremental /
                                 'base.py', out, '--min-area', 0.002),
    }


OFFLINE_TOOLS = [
    'toystreet', 'translate_dataset', 'make_pseudo_labels', 'cosegment',
    'build_memory_bank'
]


def content(folder):
    """All files of a finished output."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob('*'))
        if path.is_file() and not path.name.endswith('.tmp')
    }


def number_of_files(folder):
    return sum(path.is_file() for path in folder.rglob('*'))


def check_survives_kills(command, folder, seed):
    """Killed and started again until it is done, a tool leaves the same bytes.

    Args:
        command (Callable): Command line for an output folder.
        folder (Path): Where the outputs go.
        seed (str): Of the moments.
    """
    straight = folder / 'straight_run'
    process = start_process(command(straight))
    while process.poll() is None and not number_of_files(straight):
        time.sleep(0.002)
    begun = time.time()
    output, _ = process.communicate()
    assert process.returncode == 0, output[-4000:]
    span = time.time() - begun
    expected = content(straight)
    rng = random.Random(seed)
    kills = 0
    # where the first run was slow, later ones may end before they are killed
    for attempt in range(4 * TOOL_KILLS):
        out = folder / f'killed_{attempt}'
        while True:
            before = number_of_files(out)
            if not kill_at_random(
                    command(out), lambda: number_of_files(out) > before, span,
                    rng):
                break
            kills += 1
        assert content(out) == expected
        if kills >= TOOL_KILLS:
            break
    assert kills >= TOOL_KILLS


@pytest.mark.slow
@pytest.mark.parametrize('name', OFFLINE_TOOLS)
def test_tool_survives_kills(name, offline_tools, tmp_path):
    check_survives_kills(offline_tools[name], tmp_path, name)


def limited_to(size):
    """No file may grow beyond a number of bytes, as on a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.slow
def test_full_disk(toystreet, tmp_path):
    """No half checkpoint; with room again the run goes on as if nothing was.
    """
    cfg = short_config('configs/danet/fcn_toystreet.py', toystreet,
                       tmp_path / 'straight', 4)
    cfg.default_hooks.checkpoint.interval = 2
    path = write(cfg, tmp_path / 'config.py')
    run_tool('tools/train.py', path)
    folder = tmp_path / 'full'
    short_run = tool_command('tools/train.py', path, '--work-dir', folder,
                             '--cfg-options', 'train_cfg.max_iters=2')
    run_process(short_run)
    size = (folder / 'iter_2.pth').stat().st_size
    resume = tool_command('tools/train.py', path, '--work-dir', folder,
                          '--resume')
    process = start_process(resume, preexec_fn=limited_to(size // 2))
    output, _ = process.communicate(timeout=300)
    assert process.returncode
    assert 'File too large' in output
    assert sorted(x.name for x in folder.glob('*.pth')) == ['iter_2.pth']
    assert (folder / 'last_checkpoint').read_text().endswith('iter_2.pth')
    run_process(resume)
    one, other = (
        torch.load(x / 'iter_4.pth') for x in (tmp_path / 'straight', folder))
    assert_equal(one['state_dict'], other['state_dict'])


@pytest.mark.slow
def test_tool_on_a_full_disk(offline_tools, tmp_path):
    """It fails, and what it left is no finished output."""
    command = offline_tools['translate_dataset']
    out = tmp_path / 'out'
    process = start_process(command(out), preexec_fn=limited_to(4096))
    output, _ = process.communicate(timeout=300)
    assert process.returncode and 'File too large' in output
    assert not (out / 'finished.json').exists()
    run_process(command(out))
    run_process(command(tmp_path / 'straight_run'))
    assert content(out) == content(tmp_path / 'straight_run')


def test_broken_checkpoint(toystreet, tmp_path):
    """One sentence that names the file, to resume and to test."""
    cfg = short_config('configs/danet/fcn_toystreet.py', toystreet,
                       tmp_path / 'work', 2)
    path = write(cfg, tmp_path / 'config.py')
    run_tool('tools/train.py', path)
    checkpoint = tmp_path / 'work/iter_2.pth'
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1000])
    message = 'iter_2.pth is no whole checkpoint .*its end is missing'
    with pytest.raises(ValueError, match=message):
        run_tool('tools/train.py', path, '--resume')
    with pytest.raises(ValueError, match=message):
        run_tool('tools/test.py', path, checkpoint)


def test_output_that_cannot_be_written(toystreet, tmp_path):
    """The path is in the message, ahead of the first iteration."""
    cfg = short_config('configs/danet/fcn_toystreet.py', toystreet,
                       tmp_path / 'work', 2)
    path = write(cfg, tmp_path / 'config.py')
    (tmp_path / 'file').write_text('')
    with pytest.raises(OSError, match=f'{tmp_path}/file/work'):
        run_tool('tools/train.py', path, '--work-dir', tmp_path / 'file/work')


def test_a_worker_that_dies(toystreet, tmp_path):
    """The run ends and says so; resumed, it ends as an undisturbed one."""
    cfg = short_config('configs/danet/fcn_toystreet.py', toystreet,
                       tmp_path / 'straight', 6)
    path = write(cfg, tmp_path / 'config.py')
    run_tool('tools/train.py', path)
    folder = tmp_path / 'died'
    mark = tmp_path / 'mark'
    cfg.custom_imports = dict(imports=['dying_transform'])
    cfg.work_dir = str(folder)
    dataset = cfg.train_dataloader.dataset
    while 'pipeline' not in dataset:
        dataset = dataset.dataset
    dataset.pipeline.insert(0, dict(type='DieOnce', mark=str(mark), calls=44))
    dying = write(cfg, tmp_path / 'dying.py')
    process = subprocess.run(
        tool_command('tools/train.py', dying),
        env=dict(
            tool_environment(),
            PYTHONPATH=os.pathsep.join(
                [HERE, tool_environment()['PYTHONPATH']])),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300)
    assert process.returncode and mark.exists()
    assert re.search(r'DataLoader worker \(pid.* (killed|exited)',
                     process.stdout)
    run_tool('tools/train.py', path, '--work-dir', folder, '--resume')
    one, other = (
        torch.load(x / 'iter_6.pth') for x in (tmp_path / 'straight', folder))
    assert_equal(one['state_dict'], other['state_dict'])
    assert losses(tmp_path / 'straight', 3) == losses(folder, 3)
