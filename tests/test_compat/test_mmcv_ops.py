import importlib
import pkgutil
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from mmseg_ext.compat import kernels, mmcv_ops


@pytest.fixture
def no_extension(monkeypatch):
    """mmcv as mmcv-lite has it, before anything was done."""
    import mmcv
    monkeypatch.delitem(sys.modules, mmcv_ops.EXTENSION, raising=False)
    monkeypatch.setattr(mmcv, '_ext', None, raising=False)
    monkeypatch.setattr(
        mmcv_ops, 'find_spec', lambda name: None
        if name == mmcv_ops.EXTENSION else object())
    # so that what apply() registers is taken away again
    monkeypatch.setitem(sys.modules, mmcv_ops.EXTENSION, None)
    del sys.modules[mmcv_ops.EXTENSION]


def test_stands_in_where_nothing_is_compiled(no_extension):
    import mmcv
    assert mmcv_ops.apply() == 'PyTorch kernels stand in for mmcv._ext'
    assert mmcv_ops.is_stand_in()
    assert mmcv._ext is sys.modules['mmcv._ext']
    assert mmcv._ext.nms is kernels.nms


def test_is_idempotent(no_extension):
    mmcv_ops.apply()
    first = sys.modules['mmcv._ext']
    assert mmcv_ops.apply() == 'PyTorch kernels stand in for mmcv._ext'
    assert sys.modules['mmcv._ext'] is first


def test_a_compiled_extension_wins(monkeypatch):
    compiled = ModuleType('mmcv._ext')
    compiled.__spec__ = ModuleSpec('mmcv._ext', loader=object())
    monkeypatch.setitem(sys.modules, 'mmcv._ext', compiled)
    assert mmcv_ops.apply() == 'nothing, mmcv._ext is compiled'
    assert sys.modules['mmcv._ext'] is compiled


def test_a_compiled_extension_on_disk_wins(no_extension, monkeypatch):
    monkeypatch.setattr(mmcv_ops, 'find_spec', lambda name: object())
    assert mmcv_ops.apply() == 'nothing, mmcv._ext is compiled'
    assert 'mmcv._ext' not in sys.modules


def test_without_mmcv(monkeypatch):
    monkeypatch.setattr(mmcv_ops, 'find_spec', lambda name: None)
    monkeypatch.delitem(sys.modules, mmcv_ops.EXTENSION, raising=False)
    assert mmcv_ops.apply() == 'nothing, mmcv is not installed'


def test_other_operators_are_refused_at_the_call():
    module = mmcv_ops.MMCVOpsStandIn()
    operator = module.carafe_forward
    with pytest.raises(NotImplementedError) as error:
        operator(1, scale=2)
    message = str(error.value)
    assert 'carafe_forward' in message and 'pip install' in message
    assert '\n' not in message
    assert not hasattr(module, '__path__')


@pytest.mark.skipif(
    not hasattr(pkgutil, 'find_loader'), reason='gone from Python 3.14')
def test_is_not_taken_for_compiled_operators():
    if not mmcv_ops.is_stand_in():
        pytest.skip('mmcv has compiled operators')
    # what mmcv and mmengine ask
    assert pkgutil.find_loader('mmcv._ext') is None


@pytest.mark.parametrize('name', ['mmseg', 'mmdet', 'mmpretrain'])
def test_models_import(name):
    pytest.importorskip(name)
    if name == 'mmpretrain':
        pytest.importorskip('torchvision')
    importlib.import_module(f'{name}.models')
