import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope

from mmseg_ext.datasets import UnlabeledImageDataset


@pytest.fixture
def folder(tmp_path):
    init_default_scope('mmseg')
    (tmp_path / 'images/deep').mkdir(parents=True)
    for name, size in (('b.png', (8, 9)), ('a.jpg', (20, 10)),
                       ('deep/c.JPEG', (5, 6)), ('d.bmp', (7, 7))):
        ok, data = cv2.imencode('.png', np.zeros(size + (3, ), np.uint8))
        (tmp_path / 'images' / name).write_bytes(data.tobytes())
    (tmp_path / 'images/notes.txt').write_text('no image')
    return tmp_path


def _names(dataset):
    return [
        dataset.get_data_info(i)['img_path'].split('images/')[1]
        for i in range(len(dataset))
    ]


def _build(root, **kwargs):
    return UnlabeledImageDataset(
        data_root=str(root), data_prefix=dict(img_path='images'), **kwargs)


def test_takes_the_folder_sorted(folder):
    dataset = _build(folder, pipeline=[dict(type='LoadImageFromFile')])
    assert _names(dataset) == ['a.jpg', 'b.png', 'd.bmp', 'deep/c.JPEG']
    assert [dataset[i]['img'].shape[:2] for i in range(4)] == [(20, 10),
                                                               (8, 9), (7, 7),
                                                               (5, 6)]
    assert 'seg_map_path' not in dataset.get_data_info(0)
    assert not dataset.metainfo.get('classes')


def test_suffixes_are_an_option(folder):
    assert _names(_build(folder, img_suffix='.png')) == ['b.png']
    assert _names(_build(folder,
                         img_suffix=['.JPG',
                                     '.jpeg'])) == ['a.jpg', 'deep/c.JPEG']


@pytest.mark.parametrize('text', [
    'b\ndeep/c\n',
    'b.png\ndeep/c.JPEG',
    'images/b.png labels/b.png\nimages/deep/c.JPEG labels/deep/c.png\n',
])
def test_a_list_chooses(folder, text):
    (folder / 'list.txt').write_text(text)
    assert _names(_build(folder,
                         ann_file='list.txt')) == ['b.png', 'deep/c.JPEG']
    assert _names(_build(folder,
                         exclude_ann_file='list.txt')) == ['a.jpg', 'd.bmp']


def test_listed_image_is_missing(folder):
    (folder / 'list.txt').write_text('b\n\nx/gone\n')
    with pytest.raises(
            FileNotFoundError,
            match=r'line 3 of the split list .*list.txt '
            r'names x/gone, but .*images'):
        _build(folder, ann_file='list.txt')
    # Leaving out what is not there is no mistake.
    assert len(_build(folder, exclude_ann_file='list.txt')) == 3


def test_missing_list(folder):
    with pytest.raises(FileNotFoundError, match='ann_file.*nowhere.txt'):
        _build(folder, ann_file='nowhere.txt')


def test_no_image(folder):
    with pytest.raises(ValueError, match='data_prefix.img_path.*has no image'):
        _build(folder, img_suffix='.webp')
    (folder / 'list.txt').write_text('a\nb\nd\ndeep/c\n')
    with pytest.raises(ValueError, match='exclude_ann_file.*leaves no image'):
        _build(folder, exclude_ann_file='list.txt')


def test_no_folder(folder):
    with pytest.raises(FileNotFoundError, match='data_prefix.img_path'):
        UnlabeledImageDataset(
            data_root=str(folder), data_prefix=dict(img_path='gone'))


def test_indices_and_serialisation_still_work(folder):
    dataset = _build(folder, indices=2, serialize_data=False)
    assert _names(dataset) == ['a.jpg', 'b.png']


def test_pseudo_labels_lie_under_the_names_of_the_images(folder):
    dataset = UnlabeledImageDataset(
        data_root=str(folder),
        data_prefix=dict(img_path='images', seg_map_path='pseudo/labels'))
    found = [dataset.get_data_info(i)['seg_map_path'] for i in range(4)]
    assert found == [
        f'{folder}/pseudo/labels/{name}.png'
        for name in 'a b d deep/c'.split()
    ]
    elsewhere = UnlabeledImageDataset(
        data_root=str(folder),
        data_prefix=dict(img_path='images', seg_map_path='/labels'))
    assert elsewhere.get_data_info(3)['seg_map_path'] == '/labels/deep/c.png'
