import subprocess
import sys
import textwrap

import pytest

from mmseg_ext.compat import torchvision_ops

# Each case is a process of its own, for operators stay declared. torchvision
# is a package made by the test: a library that does not load, one that loads
# and one that is not there.
PACKAGE = '''
import torch
if {loads}:
    lib = torch.library.Library('torchvision', 'DEF')
    lib.define('nms(Tensor dets, Tensor scores, float t) -> Tensor')
    lib.define('qnms(Tensor dets, Tensor scores, float t) -> Tensor')
@torch.library.register_fake('torchvision::nms')
def meta_nms(dets, scores, iou_threshold):
    return dets
@torch.library.register_fake('torchvision::qnms')
def meta_qnms(dets, scores, iou_threshold):
    return dets
'''


def run(tmp_path, code):
    # The file alone: importing the whole package takes many times as long.
    preamble = f'''
import runpy, sys
from types import SimpleNamespace
sys.path.insert(0, {str(tmp_path)!r})
torchvision_ops = SimpleNamespace(
    **runpy.run_path({torchvision_ops.__file__!r}))
'''
    return subprocess.run([
        sys.executable, '-W', 'ignore', '-c', preamble + textwrap.dedent(code)
    ],
                          capture_output=True,
                          text=True)


@pytest.fixture
def package(tmp_path):

    def make(library, loads=False):
        folder = tmp_path / 'torchvision'
        folder.mkdir()
        (folder / '__init__.py').write_text(PACKAGE.format(loads=loads))
        if library:
            (folder / '_C.so').write_bytes(b'not a library')
            (folder / '_C.pyd').write_bytes(b'not a library')
        return tmp_path

    return make


@pytest.mark.parametrize('library', [True, False])
def test_declares_what_a_broken_library_lacks(package, library):
    result = run(
        package(library), '''
        try:
            import torchvision
        except RuntimeError as error:
            print(error)
        print(torchvision_ops.apply())
        import torchvision
        print(torchvision_ops.apply())  # again: no second declaration
        ''')
    assert result.returncode == 0, result.stderr
    without, first, second = result.stdout.splitlines()[-3:]
    assert without == 'operator torchvision::nms does not exist'
    assert first.startswith('declared nms, qnms')
    assert ('does not load' if library else 'has no C++ library') in first
    assert second == 'declared nms, qnms'


def test_declares_nothing_where_the_library_loads(package):
    result = run(
        package(library=True, loads=True), '''
        import torch
        torch.ops.load_library = lambda path: None
        print(torchvision_ops.apply())
        import torchvision  # a second declaration would fail
        print(torchvision_ops.apply())
        ''')
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-2:] == [
        'nothing, the library of torchvision loads',
        'nothing, torchvision is imported already'
    ]


def test_declares_nothing_without_torchvision(tmp_path):
    result = run(
        tmp_path, '''
        import torch
        torchvision_ops.apply.__globals__['find_spec'] = lambda name: None
        print(torchvision_ops.apply())
        assert not hasattr(torch.ops.torchvision, 'nms')
        ''')
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == (
        'nothing, torchvision is not installed')
