import pytest

from mmseg_ext.utils.config_fields import read_config_field


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
