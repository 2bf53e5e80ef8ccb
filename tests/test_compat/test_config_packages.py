from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.utils import get_installed_path, is_installed

import mmseg_ext.version
from mmseg_ext.compat import config_packages

PACKAGE = Path(mmseg_ext.version.__file__).parent
ROOT = PACKAGE.parent


def test_mmengine_finds_the_package():
    name = MODULE2PACKAGE['mmseg_ext']
    assert is_installed(name)
    assert Path(get_installed_path(name)) == PACKAGE


def test_an_entry_of_mmengine_is_left_alone(monkeypatch):
    monkeypatch.setitem(MODULE2PACKAGE, 'mmseg_ext', 'mmseg_ext')
    assert config_packages.apply() == 'nothing, mmengine knows mmseg_ext'
    assert MODULE2PACKAGE['mmseg_ext'] == 'mmseg_ext'


@pytest.mark.skipif(not (ROOT / 'configs').is_dir(), reason='not a checkout')
@pytest.mark.parametrize('name', ['configs', 'tools', 'model-index.yml'])
def test_a_checkout_has_what_a_wheel_has(name):
    assert (PACKAGE / '.mim' / name).exists()
    assert (PACKAGE / '.mim' / name).resolve() == ROOT / name


def config_names():
    folder = PACKAGE / '.mim' / 'configs' / '_base_'
    return sorted(
        path.relative_to(folder.parent).as_posix()
        for path in folder.rglob('*.py'))


def without_scope(config):
    """mmengine marks what comes from another package with its name."""
    if isinstance(config, dict):
        return {
            key: without_scope(value)
            for key, value in config.items() if key != '_scope_'
        }
    if isinstance(config, list):
        return [without_scope(value) for value in config]
    return config


@pytest.mark.parametrize('name', config_names()[:3])
def test_bases_resolve(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)  # the folder of the process must not matter
    path = tmp_path / 'config.py'
    path.write_text(f"_base_ = ['mmseg_ext::{name}']\nextra = 1\n")
    expected = Config.fromfile(PACKAGE / '.mim' / 'configs' / name)
    found = Config.fromfile(path)
    assert found.pop('extra') == 1
    assert without_scope(found.to_dict()) == without_scope(expected.to_dict())


def test_mmseg_bases_resolve(tmp_path):
    path = tmp_path / 'config.py'
    path.write_text("_base_ = ['mmseg::_base_/models/fcn_r50-d8.py']\n")
    assert Config.fromfile(path).model.type == 'EncoderDecoder'


def test_the_fork_of_mmseg_is_found_by_its_module(monkeypatch):
    monkeypatch.setitem(MODULE2PACKAGE, 'mmseg', 'no-such-distribution')
    assert config_packages.apply().endswith('a distribution mmsegmentation')
    assert MODULE2PACKAGE['mmseg'] == 'mmseg'


def test_the_stock_entry_is_left_alone(monkeypatch):
    monkeypatch.setitem(MODULE2PACKAGE, 'mmseg', 'torch')  # is installed
    config_packages.apply()
    assert MODULE2PACKAGE['mmseg'] == 'torch'
