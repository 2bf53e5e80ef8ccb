"""The set-up scripts fail with one sentence, and do nothing twice."""
import os
import stat
import subprocess
import sys

import pytest

SETUP = 'set -euo pipefail; . tools/setup_env.sh; setup_env stock'

# A python of which everything but pip works.
FAKE_VENV_PYTHON = """#!/bin/sh
case "$*" in
    *'pip --version'*) exit 0 ;;
    *'pip install'*) echo "$*" >>{calls}; {pip} ;;
    *) exec {python} "$@" ;;
esac
"""


def write_program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def setup(repo, tmp_path):
    """Run ``setup_env stock`` with another environment; returns the run."""

    def run(script=SETUP, **environment):
        env = dict(os.environ, VENV=str(tmp_path / 'venv'))
        env.pop('TORCH_INDEX_URL', None)
        env.update({name: str(value) for name, value in environment.items()})
        return subprocess.run(['bash', '-c', script],
                              cwd=repo,
                              env=env,
                              text=True,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)

    return run


@pytest.fixture
def fake_venv(tmp_path):
    """Put a virtual environment there whose pip does as it is told."""

    def make(pip):
        write_program(
            tmp_path / 'venv' / 'bin' / 'python',
            FAKE_VENV_PYTHON.format(
                python=sys.executable, calls=tmp_path / 'calls', pip=pip))
        return tmp_path / 'calls'

    return make


def the_error(done):
    assert done.returncode == 1, done
    (line, ) = [
        line for line in done.stderr.splitlines() if line.startswith('error:')
    ]
    return line


def test_refuses_an_old_python(setup, tmp_path):
    old = write_program(
        tmp_path / 'old-python', '#!/bin/sh\n'
        '[ "$1" = --version ] && echo Python 3.8.1 || exit 1\n')
    message = the_error(setup(PYTHON=old))
    assert 'Python 3.8.1' in message and '3.10 to 3.13' in message


def test_refuses_a_python_that_is_not_there(setup):
    assert 'PYTHON=no-such-python' in the_error(setup(PYTHON='no-such-python'))


def test_names_the_package_with_the_venv_module(setup, tmp_path):
    """Debian ships a python without ensurepip."""
    python = write_program(
        tmp_path / 'debian-python', '#!/bin/sh\n'
        'case "$*" in *ensurepip*) exit 1 ;; esac\n'
        f'exec {sys.executable} "$@"\n')
    version = '%d.%d' % sys.version_info[:2]
    message = the_error(setup(PYTHON=python))
    assert f'sudo apt install python{version}-venv' in message


@pytest.mark.parametrize('output, message', [
    ('WARNING: Retrying after connection broken by NewConnectionError',
     'index cannot be reached'),
    ('OSError: [Errno 28] No space left on device', 'disk is full'),
    ('ERROR: something else', 'pip could not install setuptools'),
])
def test_tells_why_pip_failed(setup, fake_venv, output, message):
    fake_venv(f'echo "{output}"; exit 1')
    assert message in the_error(setup())


def test_refuses_a_full_disk(setup, fake_venv, tmp_path):
    fake_venv('exit 0')
    write_program(
        tmp_path / 'bin' / 'df', '#!/bin/sh\n'
        'echo head; echo /dev/disk 9 9 1048576 99% /\n')
    message = the_error(
        setup(PATH=f'{tmp_path / "bin"}{os.pathsep}{os.environ["PATH"]}'))
    assert 'GB of disk space' in message and '1 GB are free' in message


def test_installs_once(setup, fake_venv):
    calls = fake_venv('exit 0')
    first = setup()
    assert first.returncode == 0, first.stderr
    installed = calls.read_text()
    assert '--editable .[stock]' in installed
    assert 'requirements/constraints.txt' in installed
    again = setup()
    assert again.returncode == 0 and 'up to date' in again.stdout
    assert calls.read_text() == installed


def test_the_tests_environment_serves_quickstart_but_not_vice_versa(
        setup, fake_venv):
    calls = fake_venv('exit 0')
    assert setup(SETUP.replace('stock', 'dev')).returncode == 0
    installed = calls.read_text()
    assert '--editable .[all,dev]' in installed
    assert setup().returncode == 0
    assert calls.read_text() == installed
    for stamp in calls.parent.glob('venv/.mmseg_ext-*'):
        stamp.unlink()
    assert setup().returncode == 0
    assert setup(SETUP.replace('stock', 'dev')).returncode == 0
    assert calls.read_text().count('--editable .[all,dev]') == 2


def test_takes_torch_from_the_index_of_the_user(setup, fake_venv):
    calls = fake_venv('exit 0')
    done = setup(TORCH_INDEX_URL='https://example.org/whl')
    assert done.returncode == 0, done.stderr
    (line, ) = [
        line for line in calls.read_text().splitlines()
        if 'https://example.org/whl' in line
    ]
    assert '--index-url https://example.org/whl torch' in line
