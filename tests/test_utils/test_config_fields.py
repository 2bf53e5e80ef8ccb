import pytest
from mmseg.datasets import ADE20KDataset

from mmseg_ext.utils.config_fields import (read_config_field,
                                           read_plain_config, type_name)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / 'config.py'
    path.write_text("data = dict(datasets=[dict(type='A'), dict(type='B')])")
    return str(path)


@pytest.mark.parametrize('key', ['data.datasets[1]', 'data.datasets.1'])
def test_parts_of_lists(path, key):
    assert read_config_field(path, key) == dict(type='B')
    assert read_config_field(path, f'{key}.type') == 'B'


@pytest.mark.parametrize(
    'key', ['data.datasets[2]', 'data.datasets.x', 'data.no', 'data.0'])
def test_fields_that_are_not_there(path, key):
    with pytest.raises(ValueError, match='has no field data'):
        read_config_field(path, key)


@pytest.mark.parametrize('kind', [
    ADE20KDataset, 'ADE20KDataset', 'mmseg.ADE20KDataset',
    'mmseg.datasets.ade.ADE20KDataset'
])
def test_name_of_a_type(kind):
    assert type_name(dict(type=kind)) == 'ADE20KDataset'


@pytest.mark.parametrize('cfg', [None, {}, dict(type=None), ADE20KDataset])
def test_no_name_of_a_type(cfg):
    assert type_name(cfg) == ''


def test_classes_that_a_config_imports(tmp_path):
    path = tmp_path / 'config.py'
    path.write_text('from mmseg.datasets import ADE20KDataset\n'
                    'data = dict(dataset=dict(type=ADE20KDataset, x=[1]))\n')
    plain = read_plain_config(str(path))
    assert plain.data.dataset == dict(
        type='mmseg.datasets.ADE20KDataset', x=[1])
    assert 'import' not in plain.pretty_text
    assert 'filename' not in plain
