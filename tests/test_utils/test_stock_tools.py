import sys
from pathlib import Path

import mmseg
import pytest
from mmengine.config import ConfigDict

from mmseg_ext.utils import inner_segmentor, run_stock_tool, stock_tool_path


@pytest.fixture
def fake_package(tmp_path, monkeypatch):
    """An importable package without tools; returns its folder."""
    package = tmp_path / 'clone' / 'fake_openmmlab'
    package.mkdir(parents=True)
    (package / '__init__.py').touch()
    monkeypatch.syspath_prepend(str(package.parent))
    yield package
    sys.modules.pop('fake_openmmlab', None)


def test_finds_the_installed_tool():
    path = stock_tool_path('analysis_tools/get_flops.py')
    assert path.is_file()
    assert Path(mmseg.__file__).parent in path.parents


def test_finds_the_tool_of_a_clone(fake_package):
    tool = fake_package.parent / 'tools' / 'train.py'
    tool.parent.mkdir()
    tool.touch()
    assert stock_tool_path('train.py', 'fake_openmmlab') == tool


def test_prefers_what_the_wheel_carries(fake_package):
    for folder in (fake_package / '.mim', fake_package.parent):
        (folder / 'tools').mkdir(parents=True)
        (folder / 'tools' / 'train.py').touch()
    found = stock_tool_path('train.py', 'fake_openmmlab')
    assert found == fake_package / '.mim' / 'tools' / 'train.py'


def test_says_what_to_do_where_the_tools_are_missing(fake_package):
    with pytest.raises(
            FileNotFoundError, match='fake_openmmlab has no tool train.py'):
        stock_tool_path('train.py', 'fake_openmmlab')


def test_runs_the_tool_as_the_main_program(fake_package, capsys):
    tool = fake_package / '.mim' / 'tools' / 'show.py'
    tool.parent.mkdir(parents=True)
    tool.write_text('print(__name__, __file__)')
    run_stock_tool('show.py', 'fake_openmmlab')
    assert capsys.readouterr().out.split() == ['__main__', str(tool)]


def test_inner_segmentor_of_a_plain_model_is_the_model():
    model = ConfigDict(type='EncoderDecoder', data_preprocessor=dict(a=1))
    assert inner_segmentor(model) is model


def test_inner_segmentor_descends_and_keeps_its_own_preprocessor():
    inner = dict(type='EncoderDecoder', data_preprocessor=dict(a=1))
    middle = dict(type='ELN', segmentor=inner, data_preprocessor=dict(a=2))
    model = ConfigDict(type='Outer', segmentor=middle)
    assert inner_segmentor(model) == inner


def test_inner_segmentor_inherits_the_nearest_preprocessor():
    middle = dict(
        type='ELN',
        segmentor=dict(type='EncoderDecoder'),
        data_preprocessor=dict(a=2))
    model = ConfigDict(
        type='Outer', segmentor=middle, data_preprocessor=dict(a=3))
    found = inner_segmentor(model)
    assert found == dict(type='EncoderDecoder', data_preprocessor=dict(a=2))
    assert 'data_preprocessor' not in model.segmentor.segmentor
