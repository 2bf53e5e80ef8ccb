"""Build the wheel, unpack it, and train from it outside the clone."""
import os
import shutil
import subprocess
import sys
import zipfile

import pytest

pytest.importorskip('setuptools', minversion='77.0.3')

# As much of a training as shows that configs, tools and components are found.
USER_CONFIG = """
_base_ = ['mmseg_ext::eln/eln_toystreet.py']
train_cfg = dict(max_iters=2, val_interval=2)
"""


def run(command, **kwargs):
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **kwargs)
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


@pytest.fixture(scope='module')
def source(repo, tmp_path_factory):
    """A copy of what a checkout has, so that nothing is built in the repo."""
    copy = tmp_path_factory.mktemp('source')
    ignore = shutil.ignore_patterns('__pycache__', '.mim', '*.pyc')
    for name in ('mmseg_ext', 'configs', 'tools', 'requirements'):
        shutil.copytree(repo / name, copy / name, ignore=ignore)
    for name in ('setup.cfg', 'setup.py', 'pyproject.toml', 'MANIFEST.in',
                 'LICENSE', 'model-index.yml', 'README.md'):
        shutil.copy(repo / name, copy / name)
    return copy


@pytest.fixture(scope='module')
def unpacked(source, tmp_path_factory):
    """Folder into which the wheel was unpacked."""
    out = tmp_path_factory.mktemp('wheel')
    run([
        sys.executable, '-m', 'pip', 'wheel',
        str(source), '--no-deps', '--no-build-isolation',
        '--disable-pip-version-check', '-w',
        str(out)
    ])
    (wheel, ) = out.glob('*.whl')
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(out / 'site')
    return out / 'site'


def files_below(folder, *patterns):
    return sorted(
        path.relative_to(folder).as_posix() for pattern in patterns
        for path in folder.rglob(pattern) if path.is_file())


def test_carries_configs_tools_and_index(repo, unpacked):
    mim = unpacked / 'mmseg_ext' / '.mim'
    for name in ('configs', 'tools'):
        patterns = ('*.py', '*.sh', '*.yaml', '*.md')
        assert files_below(mim / name,
                           *patterns) == files_below(repo / name, *patterns)
    assert (mim / 'model-index.yml').read_bytes() == (
        repo / 'model-index.yml').read_bytes()


def test_carries_every_module_and_nothing_else(repo, unpacked):
    ours = [
        name for name in files_below(unpacked / 'mmseg_ext', '*.py')
        if not name.startswith('.mim/')
    ]
    expected = [
        name for name in files_below(repo / 'mmseg_ext', '*.py')
        if not name.startswith('.mim/')
    ]
    assert ours == expected
    top = {path.name for path in unpacked.iterdir()}
    assert {name.partition('-')[0] for name in top} == {'mmseg_ext'}


def test_editable_build_links_instead_of_copying(source, tmp_path):
    """What pip asks of setup.py for ``pip install -e .``."""
    run([
        sys.executable, '-c',
        'from setuptools.build_meta import build_editable as build; '
        f'build({str(tmp_path)!r})'
    ],
        cwd=source)
    mim = source / 'mmseg_ext' / '.mim'
    for name in ('configs', 'tools', 'model-index.yml'):
        assert (mim / name).resolve() == (source / name).resolve()


def test_trains_from_the_wheel(unpacked, toystreet, tmp_path):
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data' / 'toystreet').symlink_to(toystreet)
    (tmp_path / 'user.py').write_text(USER_CONFIG)
    output = run([
        sys.executable,
        str(unpacked / 'mmseg_ext' / '.mim' / 'tools' / 'train.py'), 'user.py',
        '--work-dir', 'out'
    ],
                 cwd=tmp_path,
                 env=dict(
                     os.environ, PYTHONPATH=str(unpacked),
                     OMP_NUM_THREADS='1'))
    assert 'Iter(val)' in output
    assert (tmp_path / 'out' / 'last_checkpoint').is_file()


@pytest.mark.network
def test_works_in_a_clean_environment(repo, tmp_path):
    """Through the launcher and through MIM, with nothing but the wheel."""
    output = run(['bash', 'tools/check_wheel.sh', str(tmp_path)], cwd=repo)
    assert 'The wheel works' in output
