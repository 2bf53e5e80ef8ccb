import pytest

from mmseg_ext.engine.offline import OfflineCache, file_hash


def test_goes_on_with_the_same_recipe(tmp_path):
    folder = str(tmp_path / 'new')
    OfflineCache(folder, dict(checkpoint='a', sizes=(1, 2)))
    cache = OfflineCache(folder, dict(checkpoint='a', sizes=(1, 2)))
    assert not (tmp_path / 'new/finished.json').exists()
    cache.finish(images=3)
    assert '3' in (tmp_path / 'new/finished.json').read_text()


def test_refuses_another_recipe(tmp_path):
    OfflineCache(str(tmp_path), dict(checkpoint='a'))
    (tmp_path / 'photo.png').write_text('')
    with pytest.raises(ValueError, match="made with checkpoint 'a', but now"):
        OfflineCache(str(tmp_path), dict(checkpoint='b'))


def test_a_step_that_failed_at_once_leaves_the_folder_free(tmp_path):
    OfflineCache(str(tmp_path), dict(checkpoint='a'))
    OfflineCache(str(tmp_path), dict(checkpoint='b'))
    (tmp_path / 'photo.png').write_text('')
    OfflineCache(str(tmp_path), dict(checkpoint='b'))


def test_refuses_a_folder_whose_version_noted_less(tmp_path):
    OfflineCache(str(tmp_path), dict(checkpoint='a'))
    (tmp_path / 'photo.png').write_text('')
    with pytest.raises(ValueError, match='had no labels on record'):
        OfflineCache(str(tmp_path), dict(checkpoint='a', labels='b'))


def test_refuses_foreign_files(tmp_path):
    (tmp_path / 'photo.png').write_text('')
    with pytest.raises(ValueError, match='has files but no manifest.json'):
        OfflineCache(str(tmp_path), {})
    (tmp_path / 'manifest.json').write_text('{')
    with pytest.raises(ValueError, match='is no manifest of this tool'):
        OfflineCache(str(tmp_path), {})


def test_hash_of_a_file(tmp_path):
    (tmp_path / 'a').write_bytes(b'abc')
    assert file_hash(str(tmp_path / 'a')).startswith('ba7816bf8f01cfea')
    with pytest.raises(FileNotFoundError, match='is no file'):
        file_hash(str(tmp_path / 'b'))


def test_a_step_at_work_is_not_overtaken(tmp_path):
    """Though it has not written a file yet."""
    first = OfflineCache(str(tmp_path), dict(checkpoint='a'))
    beside = OfflineCache(str(tmp_path), dict(checkpoint='a'))
    with pytest.raises(ValueError, match="made with checkpoint 'a'"):
        OfflineCache(str(tmp_path), dict(checkpoint='b'))
    del first, beside
    OfflineCache(str(tmp_path), dict(checkpoint='b'))


def test_classes_in_a_recipe(tmp_path):
    """Of configs that import; names stand for them."""
    cache = OfflineCache(str(tmp_path), dict(pipeline=[dict(type=int)]))
    assert cache.recipe == dict(pipeline=[dict(type='int')])
