from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmseg.registry import MODELS
from toys import STAGES, ToyBranchless, ToyNet, toy_runner, toy_val

VAL = dict(custom_hooks=[STAGES], **toy_val())


@MODELS.register_module(force=True)
class ToyPlain(BaseModel):
    """A segmentor without a teacher."""

    def __init__(self):
        super().__init__()
        self.net = ToyNet()

    def forward(self, inputs, data_samples=None, mode='tensor'):
        logits = self.net(torch.stack(inputs))
        if mode == 'loss':
            return dict(loss=logits.sum())
        for sample, out in zip(data_samples, logits):
            sample.pred = out.argmax()
        return data_samples


class Spy(Hook):

    def __init__(self):
        self.metrics, self.batches = [], 0

    def after_val_epoch(self, runner, metrics=None):
        self.metrics.append(dict(metrics))

    def after_val_iter(self, runner, batch_idx, data_batch, outputs):
        self.batches += 1
        with torch.no_grad():
            x = torch.stack(data_batch['inputs'])
            expected = runner.model.segmentor(x).argmax(1)
        assert [int(s.pred) for s in outputs] == expected.tolist()


def test_both_networks_in_one_pass(tmp_path):
    runner = toy_runner(
        tmp_path, max_iters=8, **VAL, **{'train_cfg.val_interval': 2})
    spy = Spy()
    runner.register_hook(spy)
    runner.train()
    names = [set(m) for m in spy.metrics]
    student = {'student/mIoU', 'student/aAcc'}
    both = student | {'teacher/mIoU', 'teacher/aAcc'}
    # The teacher takes part once the semi stage (from 4 on) has begun.
    assert names == [student, student, both, both]
    assert spy.batches == 4 * 5


def test_networks_are_told_apart(tmp_path):
    runner = toy_runner(tmp_path, max_iters=6, **VAL)
    labels = ToyBranchless().y

    class Force(Hook):

        def before_val(self, runner):
            for net, cls in ((runner.model.segmentor, 0),
                             (runner.model.teacher, 1)):
                torch.nn.init.zeros_(net.layers[-1].weight)
                with torch.no_grad():
                    net.layers[-1].bias.copy_(
                        10. *
                        torch.nn.functional.one_hot(torch.tensor(cls), 3))

    spy = Spy()
    runner.register_hook(Force())
    runner.register_hook(spy)
    runner.train()
    for role, cls in (('student', 0), ('teacher', 1)):
        expected = 100 * (labels == cls).double().mean().item()
        assert abs(spy.metrics[-1][f'{role}/mIoU'] - expected) < 1e-9


def test_last_and_best_are_logged_and_survive_a_resume(tmp_path):
    cfg = {**VAL, 'train_cfg.val_interval': 2}
    runner = toy_runner(tmp_path, max_iters=4, **cfg)
    runner.train()
    hub = runner.message_hub
    hub.update_info('best_metrics', {'student/mIoU': (99.0, 2)})
    runner.save_checkpoint(
        str(tmp_path), 'iter_4.pth', meta=dict(iter=4, epoch=0))
    runner = toy_runner(
        tmp_path, max_iters=6, resume=True, log_level='INFO', **cfg)
    runner.train()
    text = next(Path(runner.log_dir).glob('*.log')).read_text()
    assert 'best 99 (iteration 2)' in text
    last = runner.message_hub.get_scalar('val/teacher/mIoU').current()
    assert (f'teacher/mIoU: last {last:.4g} (iteration 6), best {last:.4g} '
            '(iteration 6).') in text


def test_a_plain_model_is_evaluated_as_by_the_stock_loop(tmp_path):
    runner = toy_runner(
        tmp_path,
        max_iters=2,
        model=dict(type='ToyPlain', _delete_=True),
        **toy_val(),
        **{'train_cfg.val_interval': 2})
    runner.train()
    assert 'val/mIoU' in runner.message_hub.log_scalars
    assert not any('student' in key for key in runner.message_hub.log_scalars)


@pytest.mark.parametrize('change, message', [
    ({
        'default_hooks.checkpoint.save_best': 'mIoU'
    }, "CheckpointHook.save_best names 'mIoU', but .* 'student/mIoU'"),
    ({
        'custom_hooks':
        [STAGES, dict(type='EarlyStoppingHook', monitor='aAcc')]
    }, "EarlyStoppingHook.monitor names 'aAcc'"),
])
def test_plain_names_are_refused_ahead_of_the_training(tmp_path, change,
                                                       message):
    runner = toy_runner(tmp_path, max_iters=2, **{**VAL, **change})
    with pytest.raises(ValueError, match=message):
        runner.train()
    assert runner.iter == 0
