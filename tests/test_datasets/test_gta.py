import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.datasets import CityscapesDataset
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_ext.datasets.gta import read_gta_label
from mmseg_ext.datasets.label_scan import scan_labels

# The map of the published code: Cityscapes' label ids to its 19 classes.
TRAIN_IDS = dict(
    zip((7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32,
         33), range(19)))
PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs')
]
CLASSES = ('road', 'sky', 'person')  # a subset in another order of ids


@pytest.fixture(autouse=True, scope='module')
def scope():
    init_default_scope('mmseg')


def write_gta(root, values, name='00001', size=(5, 7)):
    """An image and its label file, a PNG with a palette of colours."""
    label = np.resize(np.array(values, np.uint8), size)
    for folder in ('images', 'labels'):
        (root / folder).mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size, 3), 9,
                            np.uint8)).save(root / f'images/{name}.png')
    picture = Image.fromarray(label, mode='P')
    picture.putpalette([(37 * i) % 256 for i in range(768)])
    picture.save(root / f'labels/{name}.png')
    return label


def build(root, **kwargs):
    return DATASETS.build(
        dict(
            type='GTADataset',
            data_root=str(root),
            data_prefix=dict(img_path='images', seg_map_path='labels'),
            pipeline=PIPELINE) | kwargs)


def loaded(dataset):
    return dataset[0]['data_samples'].gt_sem_seg.data[0].numpy()


def test_raw_labels(tmp_path):
    label = write_gta(tmp_path, range(35))
    dataset = build(tmp_path, raw_labels=True)
    expected = np.vectorize(lambda v: TRAIN_IDS.get(v, 255))(label)
    assert (loaded(dataset) == expected).all()
    assert dataset.metainfo['classes'] == CityscapesDataset.METAINFO['classes']
    assert scan_labels(dataset)[0].faults == []


def test_raw_labels_of_a_subset_of_the_classes(tmp_path):
    label = write_gta(tmp_path, range(35))
    dataset = build(tmp_path, raw_labels=True, metainfo=dict(classes=CLASSES))
    expected = np.full(label.shape, 255)
    for i, raw in enumerate((7, 23, 24)):
        expected[label == raw] = i
    assert (loaded(dataset) == expected).all()


def test_converted_labels_of_a_subset_of_the_classes(tmp_path):
    write_gta(tmp_path, [0])
    label = np.resize(np.array([0, 10, 11, 5, 255], np.uint8), (5, 7))
    Image.fromarray(label).save(tmp_path / 'labels/00001_labelTrainIds.png')
    assert (loaded(build(tmp_path)) == label).all()
    found = loaded(build(tmp_path, metainfo=dict(classes=CLASSES)))
    assert found.ravel()[:5].tolist() == [0, 1, 2, 255, 255]


def test_refuses_what_is_no_label(tmp_path):
    write_gta(tmp_path, [7, 35])
    with pytest.raises(ValueError, match='has the value 35'):
        read_gta_label(str(tmp_path / 'labels/00001.png'))
    with pytest.raises(ValueError, match='colour mode RGB'):
        read_gta_label(str(tmp_path / 'images/00001.png'))
    (tmp_path / 'labels/00001.png').write_bytes(b'PNG')
    with pytest.raises(ValueError, match='is damaged'):
        read_gta_label(str(tmp_path / 'labels/00001.png'))
