import numpy as np
import pytest
from PIL import Image

from mmseg_ext.datasets.label_maps import read_label_map

LABEL = np.array([[0, 2, 255]], np.uint8)


def test_indices_of_a_palette(tmp_path):
    image = Image.fromarray(LABEL)
    image.save(tmp_path / 'grey.png')
    image = image.copy()
    image.putpalette([x // 3 for x in range(768)][::-1])
    image.save(tmp_path / 'palette.png')
    for name in ('grey', 'palette'):
        found = read_label_map(str(tmp_path / f'{name}.png'))
        assert found.tolist() == LABEL.tolist()


def test_what_is_no_label_map(tmp_path):
    Image.fromarray(np.dstack([LABEL] * 3)).save(tmp_path / 'rgb.png')
    (tmp_path / 'broken.png').write_bytes(b'no image')
    for name, message in (('rgb', 'has 3 colour channels'),
                          ('broken', 'is missing or no label map'),
                          ('none', 'is missing or no label map')):
        with pytest.raises(ValueError, match=f'{name}.png {message}'):
            read_label_map(str(tmp_path / f'{name}.png'))
