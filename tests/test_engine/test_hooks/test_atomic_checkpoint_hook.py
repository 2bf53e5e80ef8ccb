import os
import signal
from pathlib import Path

import pytest
import torch
from mmengine.runner.checkpoint import find_latest_checkpoint
from toys import STAGES, ToyAlgorithm, toy_runner, toy_val


def hook(**kwargs):
    return {
        'default_hooks.checkpoint':
        dict(
            type='AtomicCheckpointHook', interval=1, by_epoch=False, **kwargs)
    }


def names(folder):
    return sorted(p.name for p in Path(folder).glob('*.pth'))


def test_files_are_renamed_and_removed_in_a_safe_order(tmp_path, monkeypatch):
    events = []

    def spy(module, name, which):
        original = getattr(module, name)

        def wrapper(*args):
            events.append(f'{name} {Path(args[which]).name}')
            return original(*args)

        monkeypatch.setattr(module, name, wrapper)

    spy(os, 'replace', 1)
    spy(os, 'remove', 0)
    toy_runner(tmp_path, max_iters=3, **hook(max_keep_ckpts=1)).train()
    assert events == [
        'replace iter_1.pth', 'replace last_checkpoint', 'replace iter_2.pth',
        'replace last_checkpoint', 'remove iter_1.pth', 'replace iter_3.pth',
        'replace last_checkpoint', 'remove iter_2.pth'
    ]
    assert names(tmp_path) == ['iter_3.pth']


@pytest.mark.parametrize('victim', ['iter_3.pth', 'last_checkpoint'])
def test_a_failed_write_leaves_a_checkpoint_to_resume_from(
        tmp_path, monkeypatch, victim):
    replace, count = os.replace, []

    def fail(source, target):
        if Path(target).name == victim:
            count.append(1)
            if victim == 'iter_3.pth' or len(count) == 3:
                raise OSError('disk full')
        replace(source, target)

    monkeypatch.setattr(os, 'replace', fail)
    with pytest.raises(OSError, match='disk full'):
        toy_runner(tmp_path, max_iters=4, **hook(max_keep_ckpts=1)).train()
    monkeypatch.undo()
    last = find_latest_checkpoint(str(tmp_path))
    assert Path(last).name == 'iter_2.pth'
    assert not list(tmp_path.glob('.*.tmp'))
    runner = toy_runner(
        tmp_path, max_iters=4, resume=True, **hook(max_keep_ckpts=1))
    runner.train()
    assert 'iter_4.pth' in names(tmp_path)


def test_what_a_killed_run_left_is_cleared(tmp_path):
    left = tmp_path / '.iter_9.pth.123.tmp'
    left.write_bytes(b'half')
    toy_runner(tmp_path, max_iters=1, **hook()).train()
    assert not left.exists()


def test_best_checkpoint_is_replaced_before_it_is_removed(
        tmp_path, monkeypatch):
    runner = toy_runner(
        tmp_path,
        max_iters=4,
        custom_hooks=[STAGES],
        **toy_val(),
        **{'train_cfg.val_interval': 1},
        **hook(save_best='student/mIoU'))
    scores = iter([10., 20., 15., 30.])
    monkeypatch.setattr(runner.val_loop.evaluator.evaluators['student'],
                        'evaluate', lambda size: dict(mIoU=next(scores)))
    present = []
    remove = os.remove

    def spy(path):
        if 'best' in str(path):
            present.append(names(tmp_path))
        remove(path)

    monkeypatch.setattr(os, 'remove', spy)
    runner.train()
    best = [n for n in names(tmp_path) if 'best' in n]
    assert best == ['best_student_mIoU_iter_4.pth']
    # Whenever one was removed its successor was there.
    assert [sum('best' in n for n in each) for each in present] == [2, 2]


def test_a_best_value_found_by_the_validation_is_in_the_checkpoint(tmp_path):
    runner = toy_runner(
        tmp_path,
        max_iters=2,
        custom_hooks=[STAGES],
        **toy_val(),
        **{'train_cfg.val_interval': 2},
        **hook())
    runner.train()
    saved = torch.load(tmp_path / 'iter_2.pth', map_location='cpu')
    best = saved['message_hub']['runtime_info']['best_metrics']
    assert best['student/mIoU'][1] == 2
    assert saved['meta']['iter'] == saved['data_order']['batch'] == 2


def in_epochs(by_epoch):
    """Settings of three epochs of four batches."""
    sampler = dict(_delete_=True, type='DefaultSampler', shuffle=False)
    loop = dict(_delete_=True, type='EpochBasedTrainLoop', max_epochs=3)
    return {
        **toy_val(),
        **hook(stop_signals=['SIGUSR1']),
        'val_cfg.type': 'ValLoop',
        'train_cfg': loop,
        'train_dataloader.batch_size': 5,
        'train_dataloader.sampler': sampler,
        'default_hooks.checkpoint.by_epoch': by_epoch,
        'default_hooks.checkpoint.interval': 50,
    }


@pytest.mark.parametrize('by_epoch, name', [(True, 'epoch_2.pth'),
                                            (False, 'iter_8.pth')])
@pytest.mark.parametrize('mode', ['loss', 'predict'])
def test_a_loop_in_epochs_stops_between_two(tmp_path, monkeypatch, mode,
                                            by_epoch, name):
    """A signal in the second of three, or in the validation behind it."""
    calls = []
    forward = ToyAlgorithm.forward

    def count(self, *args, **kwargs):
        calls.append(kwargs['mode'])
        if kwargs['mode'] == mode and calls.count(mode) == 6:
            signal.raise_signal(signal.SIGUSR1)
        return forward(self, *args, **kwargs)

    monkeypatch.setattr(ToyAlgorithm, 'forward', count)
    former = signal.getsignal(signal.SIGUSR1)
    try:
        with pytest.raises(SystemExit) as stop:
            toy_runner(tmp_path, **in_epochs(by_epoch)).train()
    finally:
        signal.signal(signal.SIGUSR1, former)
    assert stop.value.code == 128 + signal.SIGUSR1
    assert calls.count('loss') == 8
    assert names(tmp_path) == [name]
    meta = torch.load(tmp_path / name)['meta']
    assert (meta['epoch'], meta['iter']) == (2, 8)
    runner = toy_runner(tmp_path, resume=True, **in_epochs(by_epoch))
    runner.train()
    assert (runner.epoch, runner.iter) == (3, 12)
    assert calls.count('loss') == 12


ACCUMULATION = {
    'optim_wrapper':
    dict(
        type='OptimWrapper',
        optimizer=dict(type='AdamW', lr=0.01),
        accumulative_counts=4)
}


def validated(tmp_path, max_iters, interval=100, **settings):
    """A runner that validates every six iterations."""
    return toy_runner(
        tmp_path,
        max_iters=max_iters,
        **toy_val(),
        **{
            'train_cfg.val_interval': 6,
            'val_cfg.type': 'ValLoop'
        },
        **hook(),
        **{
            'default_hooks.checkpoint.interval': interval,
            **settings
        })


@pytest.mark.parametrize('interval, expected', [(4, {4, 8, 12, 14}),
                                                (5, {8, 12, 14})])
def test_no_checkpoint_within_an_accumulation(tmp_path, interval, expected):
    """One that is due waits for its end, unless all ends before."""
    validated(tmp_path, 14, interval, **{
        'default_hooks.checkpoint.save_best': 'mIoU'
    }, **ACCUMULATION).train()
    found = {
        int(n.split('_')[-1][:-4])
        for n in names(tmp_path) if not n.startswith('best')
    }
    assert found == expected


@pytest.mark.parametrize('settings, last', [
    ({}, 6),
    (ACCUMULATION, 8),
    (dict(custom_hooks=[dict(type='EMAHook', momentum=0.1)]), 7),
])
def test_a_signal_in_a_validation(tmp_path, monkeypatch, settings, last):
    """What cannot be saved then is saved as soon as it can."""
    straight = validated(tmp_path / 'straight', 12, **settings)
    straight.train()
    forward = ToyAlgorithm.forward

    def stop(self, *args, **kwargs):
        if kwargs['mode'] == 'predict':
            signal.raise_signal(signal.SIGTERM)
        return forward(self, *args, **kwargs)

    monkeypatch.setattr(ToyAlgorithm, 'forward', stop)
    with pytest.raises(SystemExit):
        validated(tmp_path / 'stopped', 12, **settings).train()
    monkeypatch.undo()
    assert names(tmp_path / 'stopped') == [f'iter_{last}.pth']
    validated(tmp_path / 'stopped', 12, resume=True, **settings).train()
    expected, found = (
        torch.load(tmp_path / run / 'iter_12.pth')
        for run in ('straight', 'stopped'))
    for key in ('state_dict', 'ema_state_dict'):
        for name, value in expected.get(key, {}).items():
            assert torch.equal(found[key][name], value), (key, name)


def test_a_scheduler_that_follows_the_metric_is_resumed(tmp_path):
    plateau = dict(
        type='ReduceOnPlateauLR',
        monitor='mIoU',
        rule='greater',
        factor=0.5,
        patience=0,
        threshold=1000.)
    validated(tmp_path, 18, 6, param_scheduler=[plateau]).train()
    rates = [
        torch.load(tmp_path /
                   f'iter_{step}.pth')['optimizer']['param_groups'][0]['lr']
        for step in (6, 12)
    ]
    assert rates == [0.01, 0.005]


def test_validation_alone(tmp_path):
    settings = dict(
        param_scheduler=dict(type='PolyLR', power=0.9, by_epoch=False))
    assert 'mIoU' in validated(tmp_path, 6, **settings).val()


def test_sources_have_no_epochs(tmp_path):
    """Not even one."""
    settings = in_epochs(True)
    del settings['train_dataloader.sampler']
    settings['train_cfg']['max_epochs'] = 1
    settings['train_dataloader.batch_size'] = 3
    with pytest.raises(ValueError, match='train_cfg counts 1 epochs'):
        toy_runner(tmp_path, **settings).train()


class TestResumeOfAFineTuning:
    """``load_from`` and ``--resume`` together."""

    @pytest.fixture
    def pretrained(self, tmp_path):
        toy_runner(tmp_path / 'before', max_iters=2, **hook()).train()
        content = torch.load(tmp_path / 'before/iter_2.pth')
        path = tmp_path / 'pretrained.pth'
        torch.save(dict(state_dict=content['state_dict'], meta={}), path)
        return str(path)

    def run(self, folder, load_from, max_iters=4, **options):
        runner = toy_runner(
            folder,
            max_iters=max_iters,
            load_from=load_from,
            **options,
            **hook())
        runner.train()
        return torch.load(folder / f'iter_{max_iters}.pth')['state_dict']

    def test_begins_with_the_weights(self, pretrained, tmp_path):
        expected = self.run(tmp_path / 'plain', pretrained)
        found = self.run(tmp_path / 'asked', pretrained, resume=True)
        assert all(torch.equal(found[key], expected[key]) for key in found)

    def test_goes_on_with_itself(self, pretrained, tmp_path):
        expected = self.run(tmp_path / 'straight', pretrained)
        self.run(tmp_path / 'stopped', pretrained, max_iters=2)
        found = self.run(tmp_path / 'stopped', pretrained, resume=True)
        assert all(torch.equal(found[key], expected[key]) for key in found)

    def test_a_checkpoint_of_the_run_may_be_named(self, pretrained, tmp_path):
        folder = tmp_path / 'run'
        expected = self.run(folder, pretrained)
        (folder / 'iter_4.pth').unlink()
        found = self.run(folder, str(folder / 'iter_1.pth'), resume=True)
        assert all(torch.equal(found[key], expected[key]) for key in found)

    def test_another_run_may_be_gone_on_with(self, tmp_path):
        toy_runner(tmp_path / 'before', max_iters=4, **hook()).train()
        expected = torch.load(tmp_path / 'before/iter_4.pth')['state_dict']
        found = self.run(
            tmp_path / 'moved',
            str(tmp_path / 'before/iter_2.pth'),
            resume=True)
        assert all(torch.equal(found[key], expected[key]) for key in found)
