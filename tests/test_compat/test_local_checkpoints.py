import io

import pytest
import torch
from mmengine.runner.checkpoint import CheckpointLoader

STATE = dict(state_dict=dict(weight=torch.arange(400.)))


def load(path):
    return CheckpointLoader.load_checkpoint(str(path), map_location='cpu')


def written(**options):
    file = io.BytesIO()
    torch.save(STATE, file, **options)
    return file.getvalue()


@pytest.mark.parametrize('new', [True, False])
def test_whole_files_load(tmp_path, new):
    path = tmp_path / 'x.pth'
    path.write_bytes(written(_use_new_zipfile_serialization=new))
    assert load(path)['state_dict']['weight'].sum() == 399 * 200


@pytest.mark.parametrize(
    'content, reason', [
        (b'', 'it is empty'),
        (written()[:-300], 'its end is missing'),
        (b'<html>not found</html>',
         'it is neither a zip archive nor a pickle'),
        (written(_use_new_zipfile_serialization=False)[:40],
         'its end is missing'),
    ],
    ids=['empty', 'cut', 'text', 'cut pickle'])
def test_broken_files_are_named(tmp_path, content, reason):
    path = tmp_path / 'x.pth'
    path.write_bytes(content)
    with pytest.raises(ValueError) as error:
        load(path)
    text = str(error.value)
    assert f'{path} is no whole checkpoint of PyTorch ({reason})' in text
    assert '\n' not in text


def test_a_missing_file_is_still_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / 'x.pth')
