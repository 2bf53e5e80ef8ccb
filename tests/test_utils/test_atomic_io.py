import pytest

from mmseg_ext.utils.atomic_io import atomic_open


def test_atomic_open(tmp_path):
    path = tmp_path / 'deep' / 'file.txt'
    with atomic_open(str(path), 'w') as file:
        file.write('old')
    with pytest.raises(RuntimeError):
        with atomic_open(str(path), 'w') as file:
            file.write('new')
            raise RuntimeError
    assert path.read_text() == 'old'
    assert [p.name for p in path.parent.iterdir()] == ['file.txt']
