from types import SimpleNamespace

import pytest
from toys import STAGES, ToyAlgorithm, fake_runner, toy_runner

from mmseg_ext.engine import ErrorSimulationHook, StageHook

HOOKS = [dict(type='ErrorSimulationHook'), STAGES]


def inits(model):
    return [value for call, value in model.calls if call == 'init']


def test_switch_follows_the_stage(tmp_path):
    model, seen = ToyAlgorithm(), {}
    stage_hook = StageHook(STAGES['stages'])
    hook = ErrorSimulationHook(stages=('localize', ))
    runner = fake_runner(model)
    runner.hooks = [stage_hook, hook]
    for each in runner.hooks:
        each.before_train(runner)
    for runner.iter in range(6):
        for each in runner.hooks:
            each.before_train_iter(runner, runner.iter)
        seen[runner.iter] = model.error_simulation
    assert [i for i, on in seen.items() if on] == [2, 3]
    assert len(inits(model)) == 1


def test_initialised_once_and_never_on_resume(tmp_path):
    runner = toy_runner(tmp_path, custom_hooks=HOOKS)
    runner.train()
    first = inits(runner.model)
    assert len(first) == 1
    for iteration, expected in ((2, first), (4, [])):
        runner = toy_runner(
            tmp_path / 'again',
            custom_hooks=HOOKS,
            resume=True,
            load_from=str(tmp_path / f'iter_{iteration}.pth'))
        runner.train()
        # At the boundary the same numbers are drawn again.
        assert inits(runner.model) == expected


@pytest.mark.parametrize('first,expected', [(0, 0), (2, 1)])
def test_loaded_decoders_stay_unless_it_is_by_a_resume(first, expected):
    """A resume reads weights that the run has not drawn anew yet."""
    model = ToyAlgorithm()
    model.aux_decoders = SimpleNamespace(loaded=True)
    runner = fake_runner(model, iteration=first)
    runner.hooks = [StageHook(STAGES['stages']), ErrorSimulationHook()]
    for each in runner.hooks:
        each.before_train(runner)
    for runner.iter in range(first, 6):
        for each in runner.hooks:
            each.before_train_iter(runner, runner.iter)
    assert len(inits(model)) == expected
    assert runner.message_hub.get_info('error_decoders_initialized')


def test_errors():
    model = ToyAlgorithm()
    with pytest.raises(ValueError, match="'later'"):
        ErrorSimulationHook(('later', )).before_train(fake_runner(model))
    with pytest.raises(ValueError, match='StageHook'):
        ErrorSimulationHook().before_train(fake_runner(model))
