import os

import numpy as np
import pytest
from PIL import Image

from mmseg_ext.datasets import (CamVidDataset, SplitListCityscapesDataset,
                                SplitListPascalVOCDataset, read_split_list,
                                write_split_list)


def _touch(path, size=(4, 4)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros(size, np.uint8)).save(path)


@pytest.fixture
def voc(tmp_path):
    for name in ('2007_000032', '2007_000039', '2008_000001'):
        _touch(tmp_path / f'JPEGImages/{name}.jpg')
        _touch(tmp_path / f'SegmentationClassAug/{name}.png')
    return tmp_path


def _voc(root, text):
    (root / 'list.txt').write_text(text)
    return SplitListPascalVOCDataset(
        data_root=str(root),
        data_prefix=dict(
            img_path='JPEGImages', seg_map_path='SegmentationClassAug'),
        ann_file='list.txt')


def _paths(dataset, root):
    return [(os.path.relpath(info['img_path'],
                             root), os.path.relpath(info['seg_map_path'],
                                                    root))
            for info in map(dataset.get_data_info, range(len(dataset)))]


@pytest.mark.parametrize('text', [
    '2007_000039\n2008_000001\n',
    '2007_000039\n2008_000001',
    '2007_000039.jpg\r\n\r\n2008_000001.jpg\r\n',
    'JPEGImages/2007_000039.jpg SegmentationClassAug/2007_000039.png\n'
    'JPEGImages/2008_000001.jpg SegmentationClassAug/2008_000001.png',
    'JPEGImages/2007_000039.jpg\nJPEGImages/2008_000001.jpg\n',
])
def test_voc_reads_every_form(voc, text):
    assert _paths(_voc(voc, text), voc) == [
        (f'JPEGImages/{name}.jpg', f'SegmentationClassAug/{name}.png')
        for name in ('2007_000039', '2008_000001')
    ]


def test_pair_may_point_to_another_folder(voc):
    _touch(voc / 'SegmentationClass/2007_000032.png')
    dataset = _voc(
        voc, 'JPEGImages/2007_000032.jpg SegmentationClass/2007_000032.png')
    assert _paths(dataset, voc)[0][1] == 'SegmentationClass/2007_000032.png'


@pytest.mark.parametrize('text', [
    'aachen/aachen_000000_000019\n',
    'leftImg8bit/train/aachen/aachen_000000_000019_leftImg8bit.png '
    'gtFine/train/aachen/aachen_000000_000019_gtFine_labelTrainIds.png',
])
def test_cityscapes_reads_every_form(tmp_path, text):
    image = ('leftImg8bit/train/aachen/'
             'aachen_000000_000019_leftImg8bit.png')
    label = ('gtFine/train/aachen/'
             'aachen_000000_000019_gtFine_labelTrainIds.png')
    _touch(tmp_path / image)
    _touch(tmp_path / label)
    (tmp_path / 'list.txt').write_text(text)
    dataset = SplitListCityscapesDataset(
        data_root=str(tmp_path),
        data_prefix=dict(
            img_path='leftImg8bit/train', seg_map_path='gtFine/train'),
        ann_file='list.txt')
    assert _paths(dataset, tmp_path) == [(image, label)]


def test_missing_image_names_list_line_and_name(voc):
    with pytest.raises(
            FileNotFoundError,
            match=r'line 2 of the split list .*list.txt names 2009_1, .*'
            r'JPEGImages.2009_1.jpg'):
        _voc(voc, '2007_000039\n2009_1\n')


def test_missing_label_names_field(voc):
    (voc / 'SegmentationClassAug/2008_000001.png').unlink()
    with pytest.raises(FileNotFoundError, match='data_prefix.seg_map_path'):
        _voc(voc, '2008_000001\n')


def test_missing_list(voc):
    with pytest.raises(FileNotFoundError, match='ann_file.*none.txt'):
        SplitListPascalVOCDataset(
            data_root=str(voc),
            data_prefix=dict(
                img_path='JPEGImages', seg_map_path='SegmentationClassAug'),
            ann_file='none.txt')


@pytest.mark.parametrize('text, message', [
    ('a.jpg b.png c.png\n', 'line 1 .* has more than two paths'),
    ('a\nb\na\n', 'names a on line 1 and again on line 3'),
    ('\n \n', 'is empty'),
])
def test_faulty_lists(tmp_path, text, message):
    path = tmp_path / 'list.txt'
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_split_list(str(path))


def test_written_list_is_read_back(tmp_path):
    path = str(tmp_path / 'new/list.txt')
    names = [
        'b', 'a/c', 'img', 'img 22', 'фото 01/a 2', 'a 3.jpg',
        'Screenshot 2023.01.05 10.11.12', 'Screenshot 2023.01.05 10.11.png'
    ]
    write_split_list(path, names)
    assert [(entry.image, entry.seg_map)
            for entry in read_split_list(path)] == [(x, None) for x in names]
    write_split_list(path, ['b', 'a/c'])
    with open(path, 'rb') as file:
        assert file.read() == b'b\na/c\n'
    assert os.listdir(tmp_path / 'new') == ['list.txt']


@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
def test_camvid_finds_its_suffix(tmp_path, suffix):
    for name in ('0001TP_1', '0006R0_2'):
        _touch(tmp_path / f'images/train/{name}{suffix}')
        _touch(tmp_path / f'annotations/train/{name}.png')
    (tmp_path / 'list.txt').write_text('0006R0_2\n')
    arguments = dict(
        data_root=str(tmp_path),
        data_prefix=dict(
            img_path='images/train', seg_map_path='annotations/train'))
    assert len(CamVidDataset(**arguments)) == 2
    listed = CamVidDataset(ann_file='list.txt', **arguments)
    assert _paths(listed, tmp_path) == [(f'images/train/0006R0_2{suffix}',
                                         'annotations/train/0006R0_2.png')]
    assert len(listed.metainfo['classes']) == 11
    assert len(listed.metainfo['palette']) == 11


def test_empty_and_missing_folders(tmp_path):
    prefix = dict(img_path='images', seg_map_path='labels')
    with pytest.raises(FileNotFoundError, match='data_prefix.img_path'):
        CamVidDataset(data_root=str(tmp_path), data_prefix=prefix)
    (tmp_path / 'images').mkdir()
    with pytest.raises(ValueError, match='has no image that ends with'):
        CamVidDataset(data_root=str(tmp_path), data_prefix=prefix)


def test_pairs_may_have_spaces(tmp_path):
    path = tmp_path / 'list.txt'
    path.write_text('my images/a 1.jpg  my labels/a 1.png\n')
    (entry, ) = read_split_list(str(path))
    assert entry[:2] == ('my images/a 1.jpg', 'my labels/a 1.png')


def test_pairs_of_other_suffixes(tmp_path):
    path = tmp_path / 'list.txt'
    path.write_text('a/1.JPG b/1.png\na/2.exr b/2.exr\n')
    own = read_split_list(str(path), suffixes=['.exr'])
    assert [entry.seg_map for entry in own] == ['b/1.png', 'b/2.exr']
    assert [entry.seg_map
            for entry in read_split_list(str(path))] == ['b/1.png', None]
