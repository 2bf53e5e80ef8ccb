from types import SimpleNamespace

import pytest
import torch
from toys import ToyAlgorithm, fake_runner, toy_runner

from mmseg_ext.engine import EMATeacherHook


class Semi(ToyAlgorithm):

    def __init__(self):
        super().__init__()
        self.stage = 'semi'


def clone(module):
    return {k: v.clone() for k, v in module.state_dict().items()}


def test_parameters_follow_buffers_stay():
    model = Semi()
    model.segmentor(torch.randn(5, 4))
    hook, runner = EMATeacherHook(momentum=0.9), fake_runner(model)
    hook.before_train(runner)
    teacher, student = clone(model.teacher), clone(model.segmentor)
    hook.after_train_iter(runner, 0)
    for name, value in model.teacher.state_dict().items():
        expected = teacher[name] if 'running' in name or 'num_' in name else (
            0.9 * teacher[name] + 0.1 * student[name])
        torch.testing.assert_close(value, expected)


def test_nothing_while_the_teacher_is_inactive_or_without_a_step():
    for model, stepped in ((ToyAlgorithm(), True), (Semi(), False)):
        hook = EMATeacherHook(0.5)
        runner = fake_runner(
            model,
            optim_wrapper=SimpleNamespace(should_update=lambda: stepped))
        hook.before_train(runner)
        before = clone(model.teacher)
        hook.after_train_iter(runner, 0)
        for name, value in model.teacher.state_dict().items():
            assert torch.equal(value, before[name])


def test_one_update_per_optimiser_step_under_accumulation(
        tmp_path, monkeypatch):
    from mmseg_ext.models.utils.ema import ModuleTwins
    updates = []
    monkeypatch.setattr(ModuleTwins, 'lerp_', lambda *args: updates.append(1))
    runner = toy_runner(
        tmp_path,
        max_iters=7,
        model=dict(type='ToyAlgorithm'),
        custom_hooks=[dict(type='EMATeacherHook')],
        **{'optim_wrapper.accumulative_counts': 3})
    runner.model.stage = 'semi'
    runner.train()
    # Steps after iterations 3, 6 and, as the last, 7.
    assert len(updates) == 3


def test_student_is_overwritten_at_the_interval_from_the_stage_start():
    model = Semi()
    hook = EMATeacherHook(student_sync_interval=4)
    runner = fake_runner(model)
    runner.message_hub.update_info('stage_begin', 10)
    hook.before_train(runner)
    overwritten = []
    for runner.iter in range(10, 20):
        with torch.no_grad():
            model.segmentor.layers[0].weight += 1
            model.segmentor.layers[1].running_mean += 1
        hook.before_train_iter(runner, runner.iter)
        teacher = model.teacher.state_dict()
        if all(
                torch.equal(v, teacher[k])
                for k, v in model.segmentor.state_dict().items()):
            overwritten.append(runner.iter)
    assert overwritten == [14, 18]


@pytest.mark.parametrize('kwargs, message', [
    (dict(momentum=1.5), 'momentum'),
    (dict(buffers='mean'), 'buffers'),
    (dict(student_sync_interval=0), 'student_sync_interval'),
])
def test_bad_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        EMATeacherHook(**kwargs)


def test_running_statistics_that_nothing_updates_are_refused():
    model = Semi()
    for norm, buffers in (('batch', 'keep'), ('running', 'average'),
                          ('running', 'copy')):
        model.teacher_norm = norm
        EMATeacherHook(buffers=buffers).before_train(fake_runner(model))
    with pytest.raises(ValueError, match='model.teacher_norm.*buffers'):
        EMATeacherHook().before_train(fake_runner(model))
    for net in (model.teacher, model.segmentor):
        net.layers[1] = torch.nn.LayerNorm(8)
    EMATeacherHook().before_train(fake_runner(model))


def test_a_model_without_teacher_or_with_a_foreign_one():
    with pytest.raises(TypeError, match='needs an algorithm with a teacher'):
        EMATeacherHook().before_train(fake_runner(torch.nn.Linear(1, 1)))
    model = Semi()
    model.teacher.layers[0] = torch.nn.Linear(4, 9)
    with pytest.raises(ValueError, match=r'layers\.0\.weight'):
        EMATeacherHook().before_train(fake_runner(model))
