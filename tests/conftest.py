"""Options and fixtures for every test."""
import pytest
import torch


def pytest_addoption(parser):
    parser.addoption(
        '--full',
        action='store_true',
        help='run the tests marked slow or network as well')


def pytest_collection_modifyitems(config, items):
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
def toystreet(tmp_path_factory):
    """Folder with a small ToyStreet: 8 images to train on, 4 to validate."""
    from mmseg_ext.datasets.toystreet_generator import generate
    root = tmp_path_factory.mktemp('toystreet')
    generate(root, num_train=8, num_val=4, seed=0)
    return root
