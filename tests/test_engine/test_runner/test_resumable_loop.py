import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from toys import STAGES, ToyBranchless, toy_runner, toy_val

from mmseg_ext.engine.runner.randomness import (forked_seed, get_rng_state,
                                                seed_process, set_rng_state)

# Two workers, dropout, batch norm, stages, teacher, Adam, validation that
# draws, a seed that the config leaves open.
EXACT = dict(
    max_iters=8,
    workers=2,
    custom_hooks=[STAGES, dict(type='EMATeacherHook', momentum=0.9)],
    randomness=dict(seed=None),
    **toy_val(),
    **{'train_cfg.val_interval': 3})


def log_losses(work_dir):
    """Losses by iteration from the newest log."""
    path = sorted(Path(work_dir).glob('*/vis_data/scalars.json'))[-1]
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {
        line['iter']: {
            k: v
            for k, v in line.items() if 'loss' in k
        }
        for line in lines if 'loss' in line
    }


def load(path):
    return torch.load(path, map_location='cpu')


def assert_same(one, other, path=''):
    assert type(one) is type(other), path
    if isinstance(one, dict):
        assert list(one) == list(other), path
        for key in one:
            assert_same(one[key], other[key], f'{path}/{key}')
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), path
        for i, pair in enumerate(zip(one, other)):
            assert_same(*pair, f'{path}/{i}')
    elif isinstance(one, torch.Tensor):
        assert torch.equal(one, other), path
    else:
        assert one == other, path


def test_killed_and_resumed_equals_uninterrupted(tmp_path):
    killed, straight = tmp_path / 'killed', tmp_path / 'straight'
    here = Path(__file__).parent
    root = here.parents[2]
    result = subprocess.run(
        [sys.executable, here / 'train_and_die.py',
         str(killed), '5'],
        capture_output=True,
        text=True,
        env=dict(
            os.environ,
            OMP_NUM_THREADS='1',  # as here; sums depend on it
            PYTHONPATH=os.pathsep.join(
                [str(root), os.environ.get('PYTHONPATH', '')])))
    assert result.returncode == -signal.SIGKILL, result.stderr[-2000:]
    assert sorted(
        p.name for p in killed.glob('*.pth')) == ['iter_2.pth', 'iter_4.pth']
    seed = load(killed / 'iter_4.pth')['meta']['seed']
    runner = toy_runner(straight, **{**EXACT, 'randomness': dict(seed=seed)})
    runner.train()
    # Another process state than the one that was killed.
    random.seed(99), np.random.seed(99), torch.manual_seed(99)
    runner = toy_runner(killed, **EXACT, resume=True)
    runner.train()
    assert runner.seed == seed
    resumed, whole = load(killed / 'iter_8.pth'), load(straight / 'iter_8.pth')
    for key in ('state_dict', 'optimizer', 'data_order', 'rng_state'):
        assert_same(resumed[key], whole[key], key)
    losses, expected = log_losses(killed), log_losses(straight)
    assert list(losses) == [5, 6, 7, 8]
    assert losses == {i: expected[i] for i in losses}
    assert any('loss_teacher' in line for line in losses.values())


def test_a_resume_loads_no_batch_to_drop_it(tmp_path, monkeypatch):
    toy_runner(tmp_path, max_iters=6).train()
    loaded = []
    original = ToyBranchless.__getitem__
    monkeypatch.setattr(
        ToyBranchless, '__getitem__', lambda self, i:
        (loaded.append(int(i)), original(self, i))[1])
    runner = toy_runner(tmp_path, max_iters=7, resume=True)
    runner.train()
    assert len(loaded) == 3
    order = list(index for index, _ in zip(iter_from_zero(runner), range(21)))
    assert loaded == order[18:]


def iter_from_zero(runner):
    runner.train_loop.sampler.set_start_batch(0)
    return map(int, iter(runner.train_loop.sampler))


def test_stock_sampler_falls_back_and_says_so(tmp_path, caplog):
    sampler = {
        'train_dataloader.sampler':
        dict(_delete_=True, type='InfiniteSampler', shuffle=True)
    }
    seen = []

    def train(work_dir, **kwargs):
        runner = toy_runner(work_dir, log_level='WARNING', **sampler, **kwargs)
        loop = runner.train_loop
        run_iter = loop.run_iter
        loop.run_iter = lambda batch: (seen.append(
            [s.img_path for s in batch['data_samples']]), run_iter(batch))
        runner.train()
        return runner

    train(tmp_path / 'straight', max_iters=6)
    expected, seen[:] = seen[4:], []
    train(tmp_path / 'cut', max_iters=4)
    seen.clear()
    runner = train(tmp_path / 'cut', max_iters=6, resume=True)
    assert seen == expected
    text = next(Path(runner.log_dir).glob('*.log')).read_text()
    assert text.count('InfiniteSampler cannot seek') == 1


def test_another_batch_size_goes_on_behind_the_consumed_samples(tmp_path):
    toy_runner(tmp_path, max_iters=4).train()
    runner = toy_runner(
        tmp_path,
        max_iters=6,
        resume=True,
        log_level='WARNING',
        **{
            'train_dataloader.batch_size': 5,
            'train_dataloader.sampler.source_sizes': 5
        })
    runner.train()
    order = load(tmp_path / 'iter_6.pth')['data_order']
    # 4 batches of 3, then 2 of 5.
    assert list(order['consumed'].values()) == [22]
    text = next(Path(runner.log_dir).glob('*.log')).read_text()
    assert 'images per step changed' in text
    # And once more, from a changed checkpoint.
    runner = toy_runner(
        tmp_path,
        max_iters=7,
        resume=True,
        **{
            'train_dataloader.batch_size': 5,
            'train_dataloader.sampler.source_sizes': 5
        })
    runner.train()
    order = load(tmp_path / 'iter_7.pth')['data_order']
    assert list(order['consumed'].values()) == [27]


def test_wrong_batch_size_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r'batch_size.*source_sizes'):
        toy_runner(tmp_path, **{'train_dataloader.batch_size': 4}).train()


def test_checkpoint_inside_an_accumulation_is_warned_about(tmp_path):
    runner = toy_runner(
        tmp_path,
        log_level='WARNING',
        **{'optim_wrapper.accumulative_counts': 3})
    runner.train()
    text = next(Path(runner.log_dir).glob('*.log')).read_text()
    assert 'checkpoint.interval=2' in text


ACCUMULATED = dict(
    custom_hooks=[STAGES, dict(type='EMATeacherHook', momentum=0.9)],
    **{
        'optim_wrapper.optimizer': dict(type='SGD', lr=0.1),
        'default_hooks.checkpoint.interval': 100
    })


@pytest.mark.parametrize('workers', [0, 2])
def test_an_iteration_of_three_batches_equals_three_iterations(
        tmp_path, workers):
    stretched = dict(
        type='StageHook',
        stages=[
            dict(name='pretrain', iters=6),
            dict(name='localize', iters=6),
            dict(name='semi')
        ])
    by_wrapper, by_loop = tmp_path / 'wrapper', tmp_path / 'loop'
    wrapper = toy_runner(
        by_wrapper,
        max_iters=18,
        workers=workers,
        **{
            **ACCUMULATED, 'custom_hooks':
            [stretched, ACCUMULATED['custom_hooks'][1]],
            'optim_wrapper.accumulative_counts':
            3
        })
    wrapper.train()
    loop = toy_runner(
        by_loop,
        max_iters=6,
        workers=workers,
        **ACCUMULATED,
        **{'train_cfg.accumulative_counts': 3})
    loop.train()
    one, other = load(by_wrapper / 'iter_18.pth'), load(by_loop / 'iter_6.pth')
    for key in ('state_dict', 'optimizer', 'data_order'):
        assert_same(one[key], other[key], key)
    assert list(other['data_order']['consumed'].values()) == [54]
    # The log has the mean of the three.
    for name in ('train/loss', 'train/loss_ce'):
        batches = wrapper.message_hub.get_scalar(name).data[0]
        means = loop.message_hub.get_scalar(name).data[0]
        np.testing.assert_allclose(
            means, batches.reshape(6, 3).mean(1), rtol=1e-5)


@pytest.mark.parametrize(
    'sampler', [{}, {
        'train_dataloader.sampler':
        dict(_delete_=True, type='InfiniteSampler', shuffle=True)
    }],
    ids=['seekable', 'stock'])
def test_accumulated_run_resumes_exactly(tmp_path, sampler):
    kwargs = {
        **ACCUMULATED, 'default_hooks.checkpoint.interval': 3,
        'train_cfg.accumulative_counts': 2
    }
    seen = []

    def train(work_dir, **more):
        runner = toy_runner(work_dir, **kwargs, **sampler, **more)
        step = runner.model.train_step

        def train_step(data, optim_wrapper):
            seen.append([s.img_path for s in data['data_samples']])
            return step(data, optim_wrapper=optim_wrapper)

        runner.model.train_step = train_step
        runner.train()

    train(tmp_path / 'straight', max_iters=6)
    expected, seen[:] = list(seen), []
    train(tmp_path / 'cut', max_iters=3)
    train(tmp_path / 'cut', max_iters=6, resume=True)
    assert len(expected) == 12
    assert seen == expected
    if not sampler:
        one = load(tmp_path / 'straight' / 'iter_6.pth')
        other = load(tmp_path / 'cut' / 'iter_6.pth')
        for key in ('state_dict', 'optimizer', 'data_order'):
            assert_same(one[key], other[key], key)


def test_batches_may_become_accumulated_ones(tmp_path):
    # As from three devices to one.
    toy_runner(
        tmp_path,
        max_iters=2,
        **{
            'train_dataloader.batch_size': 6,
            'train_dataloader.sampler.source_sizes': 6
        }).train()
    toy_runner(
        tmp_path,
        max_iters=4,
        resume=True,
        **{
            'train_cfg.accumulative_counts': 2
        }).train()
    order = load(tmp_path / 'iter_4.pth')['data_order']
    assert list(order['consumed'].values()) == [24]


def test_the_learning_rate_follows_all_accumulated_batches(tmp_path):
    runner = toy_runner(
        tmp_path,
        max_iters=1,
        auto_scale_lr=dict(enable=True, base_batch_size=24),
        **{
            'train_cfg.accumulative_counts': 4,
            'optim_wrapper.optimizer.lr': 0.5
        })
    runner.train()
    # Four batches of three are half of 24.
    assert runner.optim_wrapper.get_lr()['lr'][0] == 0.25


@pytest.mark.parametrize('updates,message', [
    ({
        'train_cfg.accumulative_counts': 0
    }, 'train_cfg.accumulative_counts is 0'),
    ({
        'train_cfg.accumulative_counts': 2,
        'optim_wrapper.accumulative_counts': 3
    }, 'accumulative_counts is 2 and optim_wrapper.accumulative_counts is 3'),
])
def test_wrong_accumulation_is_refused(tmp_path, updates, message):
    with pytest.raises(ValueError, match=message):
        toy_runner(tmp_path, **updates).train()


@pytest.mark.parametrize('field', ['train_dataloader', 'val_dataloader'])
def test_persistent_workers_that_are_none_are_refused(tmp_path, field):
    with pytest.raises(
            ValueError,
            match=f'^{field}.num_workers is 0 but persistent_workers=True: '
            f'set {field}.persistent_workers=False.$'):
        toy_runner(tmp_path, **toy_val(), **{
            f'{field}.persistent_workers': True
        }).train()


def test_random_states_survive_a_weights_only_file(tmp_path):
    seed_process(7)
    torch.save(get_rng_state(), tmp_path / 'state.pth')

    def draw():
        return random.random(), np.random.rand(), torch.rand(1).item()

    first = draw()
    with forked_seed(1):
        forked = draw()
    second = draw()
    set_rng_state(torch.load(tmp_path / 'state.pth', weights_only=True))
    assert draw() == first
    assert draw() == second
    assert forked not in (first, second)
