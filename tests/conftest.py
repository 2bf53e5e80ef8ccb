"""Options and fixtures for every test."""
import configparser
import logging
import os
from functools import lru_cache
from pathlib import Path
from pkgutil import resolve_name

import pytest
import torch
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope, init_default_scope
from mmengine.visualization import Visualizer

# Ahead of mmseg.utils, which needs mmcv.ops to import.
import mmseg_ext  # noqa: F401


def pytest_addoption(parser):
    parser.addoption(
        '--full',
        action='store_true',
        help='run the tests marked slow or network as well')


def pytest_collection_modifyitems(config, items):
    # One process reads all configs, so it begins with them: at the end the
    # others would wait for it.
    items.sort(key=lambda item: item.path.name != 'test_config_rules.py')
    if config.getoption('--full'):
        return
    skip = pytest.mark.skip(reason='runs with --full only')
    for item in items:
        if {'slow', 'network'} & set(item.keywords):
            item.add_marker(skip)


def pytest_configure(config):
    # pytest-xdist runs a process per core already.
    torch.set_num_threads(1)


@pytest.fixture(scope='session')
def repo():
    """Top folder of the repository."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope='session')
def setup_cfg(repo):
    """The parsed ``setup.cfg``."""
    parser = configparser.RawConfigParser()
    parser.read(repo / 'setup.cfg', encoding='utf-8')
    return parser


@pytest.fixture(scope='session')
def toystreet(tmp_path_factory):
    """Folder of a small ToyStreet: 16 training images, 4 to validate."""
    from mmseg_ext.datasets.toystreet_generator import generate
    root = tmp_path_factory.getbasetemp()
    if 'PYTEST_XDIST_WORKER' in os.environ:
        root = root.parent  # shared: the first process that is done wins
    root = root / 'toystreet'
    generate(str(root), num_train=16, num_val=4, seed=0)
    return root


@pytest.fixture(scope='session', autouse=True)
def quick_package_configs():
    """Packages are looked up once, not for each ``mmseg::`` base of a config.

    mmengine reloads ``pkg_resources`` and reads all metafiles of the package
    each time, for half of the time that reading our configs takes.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in ('mmengine.config.config.is_installed',
                     'mmengine.config.utils.load'):
            patch.setattr(name, lru_cache(resolve_name(name)))
        yield


@pytest.fixture(scope='module', autouse=True)
def own_default_scope():
    """No module of tests builds in the scope that another one left."""
    DefaultScope._instance_dict.clear()
    init_default_scope('mmseg')


@pytest.fixture(autouse=True)
def close_logs():
    """No test sees the logs or the iteration that another one left."""
    yield
    logging.shutdown()
    for manager in (MMLogger, MessageHub, Visualizer):
        manager._instance_dict.clear()
