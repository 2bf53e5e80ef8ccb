import numpy as np
import pytest
from branch_data import labeled_config, write_images
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, TRANSFORMS

from mmseg_ext.datasets.label_maps import compose_label_maps, lookup_table
from mmseg_ext.datasets.label_scan import scan_labels


@pytest.fixture(autouse=True, scope='module')
def scope():
    init_default_scope('mmseg')


def build(mapping):
    return TRANSFORMS.build(dict(type='MapSegLabels', mapping=mapping))


def test_maps_each_pixel():
    label = np.array([[7, 8, 0], [255, 8, 9]], np.uint8)
    valid = np.full(label.shape, 254, np.uint8)
    found = build({
        7: 0,
        8: 7
    })(
        dict(gt_seg_map=label, valid_mask=valid, seg_fields=['valid_mask']))
    assert found['gt_seg_map'].tolist() == [[0, 7, 255], [255, 7, 255]]
    assert found['gt_seg_map'].dtype == np.uint8
    assert (found['valid_mask'] == 254).all()


def test_map_of_a_subset_is_the_map_of_the_map():
    first, second = {7: 0, 8: 1, 9: 2}, {0: 255, 1: 1, 2: 0}
    assert compose_label_maps(first, second, 10) == {
        **dict.fromkeys(range(8), 255), 8: 1, 9: 0
    }  # yapf: disable
    assert compose_label_maps(first, None, 9)[8] == 1
    assert lookup_table({}).tolist() == [255] * 256


def test_scan_sees_mapped_labels(tmp_path):
    root = write_images(tmp_path, 2, True)
    load = dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')
    config = labeled_config(
        root, [*load, dict(type='MapSegLabels', mapping={
            0: 1,
            1: 7
        })])
    report, = scan_labels(DATASETS.build(config))
    assert report.pixels[0] == 0 and report.pixels[1] > 0
    assert 'has the value 7' in report.faults[0]


@pytest.mark.parametrize('mapping, message', [
    ({}, 'mapping is empty'),
    ({
        256: 1
    }, '256: 1'),
    ({
        1: -1
    }, '1: -1'),
    ({
        1: 0.5
    }, '1: 0.5'),
])
def test_refuses_a_wrong_mapping(mapping, message):
    with pytest.raises(ValueError, match=message):
        build(mapping)


def test_refuses_labels_that_it_cannot_map():
    with pytest.raises(ValueError, match='after LoadAnnotations'):
        build({1: 0})({})
    with pytest.raises(ValueError, match='found a label_map'):
        build({1: 0})(
            dict(gt_seg_map=np.zeros((1, 1), np.uint8), label_map={0: 1}))
