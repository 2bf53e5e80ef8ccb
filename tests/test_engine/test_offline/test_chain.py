import json
import subprocess
import sys
import textwrap

import pytest

from mmseg_ext.engine.offline.chain import Chain, Step
from mmseg_ext.utils.folder_lock import folder_lock

WRITE = 'import sys; open(sys.argv[1], "a").write("x")'


def make_steps(folder, number=3):
    """Each writes an x into a file of its own."""
    steps = []
    for i in range(number):
        path = str(folder / f'{i}.txt')
        steps.append(
            Step(f'step{i}', [sys.executable, '-c', WRITE, path], path,
                 f'recipe {i}'))
    return steps


def written(folder):
    return [path.read_text() for path in sorted(folder.glob('*.txt'))]


def test_each_step_runs_once(tmp_path):
    steps, chain = make_steps(tmp_path), Chain(str(tmp_path))
    chain.run(steps[:2])
    chain.run(steps)
    chain.run(steps)
    assert written(tmp_path) == ['x', 'x', 'x']
    assert list(chain.finished()) == ['step0', 'step1', 'step2']


def test_launchers_take_the_interpreter_of_the_chain(tmp_path, monkeypatch):
    """With no ``python`` on the PATH, as without an active environment."""
    monkeypatch.setenv('PATH', '/usr/bin:/bin')
    monkeypatch.setenv('PYTHON', 'another')
    result = str(tmp_path / 'interpreter.txt')
    command = ['bash', '-c', 'echo -n "$PYTHON" > "$0"', result]
    Chain(str(tmp_path)).run([Step('step', command, result, 'recipe')])
    assert written(tmp_path) == [sys.executable]


@pytest.mark.parametrize('killed', [0, 1, 2])
def test_killed_in_any_step(tmp_path, killed):
    """The step that was under way runs again, those before do not."""
    code = textwrap.dedent('''
        import os, signal, subprocess, sys
        sys.path.insert(0, sys.argv[1])
        from pathlib import Path
        from test_chain import make_steps
        from mmseg_ext.engine.offline.chain import Chain
        run, left = subprocess.run, [int(sys.argv[3])]
        def kill(*args, **kwargs):
            done = run(*args, **kwargs)
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1
            return done
        subprocess.run = kill
        Chain(sys.argv[2]).run(make_steps(Path(sys.argv[2])))
    ''')
    process = subprocess.run([
        sys.executable, '-c', code,
        str(__file__).rsplit('/', 1)[0],
        str(tmp_path),
        str(killed)
    ])
    assert process.returncode == -9
    Chain(str(tmp_path)).run(make_steps(tmp_path))
    assert written(tmp_path) == [
        'xx' if i == killed else 'x' for i in range(3)
    ]


def test_failing_step(tmp_path):
    steps, chain = make_steps(tmp_path), Chain(str(tmp_path))
    steps[1].command = [sys.executable, '-c', 'raise SystemExit(3)']
    with pytest.raises(RuntimeError, match='step1 ended with status 3'):
        chain.run(steps)
    steps[1].command = [sys.executable, '-c', 'pass']
    with pytest.raises(RuntimeError, match='step1 left no .*1.txt'):
        chain.run(steps)
    assert list(chain.finished()) == ['step0']


def test_other_settings_are_refused(tmp_path):
    steps, chain = make_steps(tmp_path), Chain(str(tmp_path))
    chain.run(steps)
    steps[1].recipe = 'another'
    with pytest.raises(ValueError, match='step1 .* with another config'):
        chain.run(steps)


def test_checkpoint_of_other_settings_is_refused(tmp_path):
    """That of a training which was killed, as long as it has one."""
    steps, chain = make_steps(tmp_path, 1), Chain(str(tmp_path))
    command, steps[0].command = steps[0].command, ['false']
    with pytest.raises(RuntimeError, match='step0 ended with status 1'):
        chain.run(steps)
    # it died early, and its config was mended
    steps[0].recipe = 'mended'
    chain.check(steps)
    with pytest.raises(RuntimeError, match='step0 ended with status 1'):
        chain.run(steps)
    (tmp_path / 'last_checkpoint').write_text('iter_1.pth')
    steps[0].recipe = 'another'
    for go_on in (chain.check, chain.run):
        with pytest.raises(
                ValueError,
                match='step0 .* has a checkpoint of another config .*: give '
                f'another --work-dir, or remove {tmp_path}'):
            go_on(steps)
    steps[0].recipe, steps[0].command = 'mended', command
    chain.run(steps)
    state = json.loads((tmp_path / 'state.json').read_text())
    assert list(state['finished']) == ['step0'] and state['started'] == {}


def test_state_without_started_steps(tmp_path):
    """As earlier versions have written it."""
    (tmp_path / 'state.json').write_text(json.dumps(dict(finished={})))
    (tmp_path / 'last_checkpoint').write_text('iter_1.pth')
    steps = make_steps(tmp_path, 1)
    Chain(str(tmp_path)).run(steps)
    assert written(tmp_path) == ['x']


def test_lost_result_is_told(tmp_path):
    steps, chain = make_steps(tmp_path), Chain(str(tmp_path))
    chain.run(steps)
    (tmp_path / '0.txt').unlink()
    with pytest.raises(FileNotFoundError, match='0.txt is gone'):
        chain.run(steps)


def test_broken_state(tmp_path):
    (tmp_path / 'state.json').write_text(json.dumps([1]))
    with pytest.raises(ValueError, match='is no state file'):
        Chain(str(tmp_path)).finished()


def test_two_at_a_time_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr('mmseg_ext.engine.offline.chain.folder_lock',
                        lambda folder: folder_lock(folder, patience=0.2))
    with folder_lock(str(tmp_path)):
        with pytest.raises(RuntimeError, match='Another process works in'):
            Chain(str(tmp_path)).run([])
    Chain(str(tmp_path)).run([])
