import pytest
from toys import STAGES, ToyAlgorithm, fake_runner, toy_runner

from mmseg_ext.engine import StageHook


def run(hook, model, iterations, max_iters=100):
    runner = fake_runner(model, iterations[0], max_iters)
    hook.before_train(runner)
    for runner.iter in iterations:
        hook.before_train_iter(runner, runner.iter)
    return runner


def make(pretrain=2, localize=3):
    return StageHook([
        dict(name='pretrain', iters=pretrain),
        dict(name='localize', iters=localize),
        dict(name='semi')
    ])


def test_each_stage_is_set_and_entered_once():
    model = ToyAlgorithm()
    runner = run(make(), model, range(9))
    assert model.calls == [(call, name)
                           for name in ('pretrain', 'localize', 'semi')
                           for call in ('set', 'enter')]
    assert runner.message_hub.get_info('stage_begin') == 5


@pytest.mark.parametrize('start, calls', [
    (5, [('set', 'semi'), ('enter', 'semi')]),
    (6, [('set', 'semi')]),
    (2, [('set', 'localize'), ('enter', 'localize')]),
    (1, [('set', 'pretrain')]),
])
def test_resume_enters_at_the_boundary_only(start, calls):
    model = ToyAlgorithm()
    run(make(), model, [start])
    assert model.calls == calls


def test_zero_iterations_skip_a_stage():
    model = ToyAlgorithm()
    run(make(pretrain=0, localize=0), model, range(3))
    assert model.calls == [('set', 'semi'), ('enter', 'semi')]
    model = ToyAlgorithm()
    run(make(pretrain=2, localize=0), model, range(4))
    assert [name for _, name in model.calls] == ['pretrain'] * 2 + ['semi'] * 2


@pytest.mark.parametrize('stages, message', [
    ([], 'is empty'),
    ([dict(name='a'), dict(name='b')], r'stages\[0\].*iters=None'),
    ([dict(name='a', iters=-1), dict(name='b')], r'iters=-1'),
    ([dict(name='a', iters=1), dict(name='a')], 'repeats'),
    ([dict(name='a', iters=1)], 'last stage'),
    ([dict(name='a', iter=1), dict(name='b')], 'expected dict'),
])
def test_bad_stages(stages, message):
    with pytest.raises(ValueError, match=message):
        StageHook(stages)


def test_names_and_order_must_be_those_of_the_algorithm():
    hook = StageHook([dict(name='localize', iters=1), dict(name='semi')])
    with pytest.raises(ValueError, match='pretrain.*iters=0'):
        hook.before_train(fake_runner(ToyAlgorithm()))


def test_a_real_run_resumed_in_every_stage(tmp_path):
    hooks = [STAGES]
    toy_runner(tmp_path, custom_hooks=hooks).train()
    for iteration, calls in ((2, ['set', 'enter', 'set',
                                  'enter']), (4, ['set', 'enter'])):
        runner = toy_runner(
            tmp_path,
            custom_hooks=hooks,
            resume=True,
            load_from=str(tmp_path / f'iter_{iteration}.pth'))
        runner.train()
        assert [call for call, _ in runner.model.calls] == calls
