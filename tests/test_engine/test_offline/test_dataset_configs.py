import pytest
from mmengine.registry import init_default_scope

from mmseg_ext.engine.offline import png_suffix


@pytest.mark.parametrize('kind, suffix, expected', [
    ('BaseSegDataset', '.jpg', '.png'),
    ('BaseSegDataset', '_x.jpg', '_x.png'),
    ('BaseSegDataset', None, '.png'),
    ('BaseSegDataset', '.png', None),
    ('CityscapesDataset', None, None),
    ('UnlabeledImageDataset', None, None),
    ('UnlabeledImageDataset', '.jpg', '.png'),
    ('CamVidDataset', None, None),
])
def test_suffix_of_translated_images(kind, suffix, expected):
    init_default_scope('mmseg')
    cfg = dict(type=kind, data_root='data')
    if suffix is not None:
        cfg['img_suffix'] = suffix
    assert png_suffix(cfg, 'source') == expected


@pytest.mark.parametrize('options', [
    dict(type='BaseSegDataset'),
    dict(type='ToyStreetDataset', img_suffix='.png'),
    dict(type='CamVidDataset'),
    dict(type='UnlabeledImageDataset', img_suffix=('.JPG', '.jpeg')),
])
@pytest.mark.parametrize('name', ['images/a.jpg', 'a.JPEG'])
def test_list_that_names_other_files(tmp_path, options, name):
    init_default_scope('mmseg')
    (tmp_path / 'list.txt').write_text(f'{name} labels/a.png\n')
    cfg = dict(options, data_root=str(tmp_path), ann_file='list.txt')
    with pytest.raises(
            ValueError, match=rf'source.ann_file .*list.txt names {name}'):
        png_suffix(cfg, 'source')


@pytest.mark.parametrize('options', [
    dict(type='BaseSegDataset'),
    dict(type='UnlabeledImageDataset', img_suffix=('.jpg', '.jpeg')),
])
def test_list_of_names_without_suffix(tmp_path, options):
    init_default_scope('mmseg')
    (tmp_path / 'list.txt').write_text('a.jpg.1\nb.png\n')
    cfg = dict(options, data_root=str(tmp_path), ann_file='list.txt')
    assert png_suffix(cfg, 'source') == '.png'
