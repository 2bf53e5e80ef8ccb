import sys

import pytest
import torch

from mmseg_ext import collect_env as module
from mmseg_ext.compat import applied


@pytest.fixture(scope='module')
def info():
    return module.collect_env()


def test_reports_the_stack(info):
    assert torch.__version__ in info['torch installed']
    assert info['mmcv installed'].split()[0] in ('mmcv-lite', 'mmcv',
                                                 'onedl-mmcv')
    assert info['Python version'].startswith('%d.%d.' % sys.version_info[:2])
    assert 'PyTorch compiling details' in info  # the report of mmengine
    for name, done in applied().items():
        assert info[f'compat.{name}'] == done


def test_names_operators(info):
    stand_in = applied()['mmcv_ops'].startswith('PyTorch kernels')
    assert ('of mmseg_ext' in info['mmcv operators']) == stand_in


@pytest.mark.parametrize('version, verdict', [
    ('2.1.0', 'checked'),
    ('2.1.99', 'not checked, 2.1.0 was'),
])
def test_says_which_versions_were_checked(monkeypatch, version, verdict):
    monkeypatch.setattr(module, 'find_distribution', lambda name:
                        ('mmcv-lite', version))
    assert module._installed('mmcv') == f'mmcv-lite {version} [{verdict}]'


def test_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(module, 'find_distribution', lambda name: None)
    monkeypatch.setattr(module, 'find_spec', lambda name: None)
    assert module._installed('mmdet') == 'not installed (optional)'
    assert 'NOT INSTALLED' in module._installed('mmseg')


@pytest.mark.parametrize('names, expected', [
    (('mmengine', 'mmcv-lite', 'mmsegmentation'), 'stock packages'),
    (('onedl-mmengine', 'onedl-mmcv', 'onedl-mmsegmentation'),
     'the maintained forks'),
    (('mmengine', 'mmcv-lite', 'onedl-mmsegmentation'), 'a mixture'),
])
def test_tells_stock_from_forks(monkeypatch, names, expected):
    found = dict(zip(('mmengine', 'mmcv', 'mmseg'), names))
    monkeypatch.setattr(module, 'find_distribution', lambda name:
                        (found[name], '1.0'))
    assert module._edition().startswith(expected)


def test_prints(capsys, monkeypatch):
    monkeypatch.setattr(module, 'collect_env', lambda: dict(a='1', b='2'))
    module.main()
    assert capsys.readouterr().out == 'a: 1\nb: 2\n'


def test_warns_of_variables_that_change_loading(monkeypatch):
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')
    found = module.collect_env()['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD']
    assert found.startswith('1')
