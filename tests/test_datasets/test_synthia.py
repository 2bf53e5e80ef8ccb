import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.datasets import CityscapesDataset
from mmseg.registry import DATASETS

from mmseg_ext.datasets.label_scan import scan_labels
from mmseg_ext.datasets.transforms.load_synthia_annotations import \
    read_synthia_label

# The maps of the published codes, to 19 classes and to the 16 compact ids.
MAP_19 = {
    3: 0, 4: 1, 2: 2, 21: 3, 5: 4, 7: 5, 15: 6, 9: 7, 6: 8, 16: 9, 1: 10,
    10: 11, 17: 12, 8: 13, 18: 14, 19: 15, 20: 16, 12: 17, 11: 18
}  # yapf: disable
MAP_16 = {
    3: 0, 4: 1, 2: 2, 21: 3, 5: 4, 7: 5, 15: 6, 9: 7, 6: 8, 1: 9, 10: 10,
    17: 11, 8: 12, 19: 13, 12: 14, 11: 15
}  # yapf: disable


@pytest.fixture(autouse=True, scope='module')
def scope():
    init_default_scope('mmseg')


def write_synthia(root, values, name='0000000', size=(4, 6)):
    """An image and its label file: 16 bits, the label id in red."""
    label = np.resize(np.array(values, np.uint16), size)
    for folder in ('RGB', 'GT/LABELS'):
        (root / folder).mkdir(parents=True, exist_ok=True)
    cv2.imwrite(
        str(root / f'RGB/{name}.png'), np.full((*size, 3), 9, np.uint8))
    instances = np.arange(label.size, dtype=np.uint16).reshape(size) + 700
    file = np.stack([np.zeros_like(label), instances, label], -1)  # BGR
    cv2.imwrite(str(root / f'GT/LABELS/{name}.png'), file)
    return label


def build(root, load='LoadSynthiaAnnotations', **kwargs):
    return DATASETS.build(
        dict(
            type='SYNTHIADataset',
            data_root=str(root),
            data_prefix=dict(img_path='RGB', seg_map_path='GT/LABELS'),
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type=load),
                dict(type='PackSegInputs')
            ],
            raw_labels=True) | kwargs)


@pytest.mark.parametrize('expected_map', [MAP_19, MAP_16])
def test_raw_labels(tmp_path, expected_map):
    label = write_synthia(tmp_path, range(23))
    classes = [
        name for i, name in enumerate(CityscapesDataset.METAINFO['classes'])
        if len(expected_map) == 19 or i not in (9, 14, 16)
    ]
    dataset = build(tmp_path, metainfo=dict(classes=classes))
    found = dataset[0]['data_samples'].gt_sem_seg.data[0].numpy()
    expected = np.vectorize(lambda v: expected_map.get(v, 255))(label)
    assert (found == expected).all()
    report, = scan_labels(dataset)
    assert report.faults == []
    assert report.pixels[0] == (label == 3).sum()


def test_scan_names_a_value_that_is_no_label(tmp_path):
    write_synthia(tmp_path, [3, 23])
    fault, = scan_labels(build(tmp_path))[0].faults
    assert '0000000.png has the value 23' in fault


def test_refuses_another_format(tmp_path):
    write_synthia(tmp_path, [3])
    with pytest.raises(ValueError, match='is uint8 of shape'):
        read_synthia_label(str(tmp_path / 'RGB/0000000.png'))
    empty = tmp_path / 'empty.png'
    empty.write_bytes(b'')
    with pytest.raises(ValueError, match='damaged'):
        read_synthia_label(str(empty))


def test_labels_and_loading_must_fit(tmp_path):
    write_synthia(tmp_path, [3])
    with pytest.raises(ValueError, match='use LoadSynthiaAnnotations or'):
        build(tmp_path, load='LoadAnnotations')
    with pytest.raises(ValueError, match='use LoadAnnotations or'):
        build(tmp_path, raw_labels=False)
    dataset = build(tmp_path)
    dataset.pipeline.transforms[1](dict(dataset.get_data_info(0)))
    with pytest.raises(ValueError, match='found no label_map'):
        dataset.pipeline.transforms[1](
            dict(dataset.get_data_info(0), label_map=None))
