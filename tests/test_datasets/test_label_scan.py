import cv2
import numpy as np
import pytest
from branch_data import (CLASSES, labeled_config, multi_source_config,
                         write_images)
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_ext.datasets.label_scan import (format_report, scan_indices,
                                           scan_labels)


@pytest.fixture(autouse=True, scope='module')
def scope():
    init_default_scope('mmseg')


@pytest.fixture
def root(tmp_path):
    return write_images(tmp_path / 'labeled', 4, True)


def scan(root, max_images=None, **kwargs):
    dataset = DATASETS.build(labeled_config(root, **kwargs))
    report, = scan_labels(dataset, max_images=max_images)
    return report


def write_label(root, label, index=2):
    path = root / 'ann' / f'{index:03d}.png'
    cv2.imwrite(str(path), label)
    return path


def label_of(root, index=2):
    return cv2.imread(str(root / 'ann' / f'{index:03d}.png'), -1)


def test_counts_what_is_there(root):
    label = label_of(root)
    label[:5] = 255
    write_label(root, label)
    report = scan(root)
    assert report.faults == []
    assert report.num_images == 4 and report.is_labeled
    labels = [label_of(root, i) for i in range(4)]
    for value in (0, 1, 2, 255):
        assert report.pixels[value] == sum((x == value).sum() for x in labels)
        assert report.images[value] == sum((x == value).any() for x in labels)
    total = sum(x.size for x in labels)
    assert report.ignore_share == pytest.approx(5 * label.shape[1] / total)
    assert report.sizes == {(40, 50): 1, (41, 49): 1, (42, 50): 1, (40, 49): 1}


def test_a_value_outside_the_classes(root):
    label = label_of(root)
    label[0, :4] = (3, 7, 7, 255)
    path = write_label(root, label)
    fault, = scan(root).faults
    assert f'the label {path} has the value 3, 7, but there are 3' in fault
    assert fault.count('. ') == 0 and fault.endswith('.')


def test_values_are_judged_after_mapping(root):
    label = label_of(root) + 1
    for i in range(4):
        write_label(root, label_of(root, i) + 1, i)
    assert 'has the value 3' in scan(root).faults[0]
    report = scan(root, reduce_zero_label=True)
    assert report.faults == []
    assert report.pixels[0] >= (label == 1).sum()
    # zero becomes "ignore", not class 255 - 1
    write_label(root, np.zeros_like(label))
    report = scan(root, reduce_zero_label=True)
    assert report.faults == [] and report.images[255] == 1


def test_a_subset_of_the_classes_maps_the_others_away(root):
    from mmseg.datasets import BaseSegDataset

    @DATASETS.register_module(force=True)
    class ScanDataset(BaseSegDataset):
        METAINFO = dict(classes=CLASSES, palette=[[0, 0, 0]] * 3)

    config = labeled_config(root) | dict(
        type='ScanDataset', metainfo=dict(classes=('car', )))
    report, = scan_labels(DATASETS.build(config))
    assert report.faults == []
    assert np.flatnonzero(report.pixels).tolist() == [0, 255]


def test_a_colour_mask(root):
    path = write_label(root, np.dstack([label_of(root)] * 3))
    fault, = scan(root).faults
    assert f'the label {path} has 3 colour channels' in fault


def test_a_palette_file_holds_ids(root):
    image = Image.fromarray(label_of(root), mode='L').convert('P')
    image.putdata(label_of(root).ravel().tolist())
    image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    image.save(root / 'ann' / '002.png')
    assert scan(root).faults == []


def test_a_palette_rendered_grey(root):
    grey = np.array([0, 38, 75], np.uint8)[label_of(root)]
    write_label(root, grey)
    fault, = scan(root).faults
    assert 'has the value 38, 75' in fault and 'grey values' in fault


def test_ids_beyond_8_bits(root):
    # Stock loading would wrap 256 + 1 to class 1.
    label = label_of(root).astype(np.uint16)
    label[0, 0] = 257
    write_label(root, label)
    fault, = scan(root).faults
    assert 'has the value 257, which does not fit into 8 bits' in fault


def test_size_of_image_and_label(root):
    path = write_label(root, label_of(root)[:-3])
    fault, = scan(root).faults
    assert f'the label {path} is of size 39x50' in fault
    assert 'img/002.png is of size 42x50' in fault


def test_broken_and_missing_files_all_at_once(root):
    (root / 'img' / '000.png').write_bytes(b'no picture')
    (root / 'ann' / '001.png').write_bytes(b'')
    (root / 'ann' / '003.png').unlink()
    faults = scan(root).faults
    assert len(faults) == 3
    assert 'img/000.png is broken or not an image' in faults[0]
    assert 'ann/001.png is an empty file' in faults[1]
    assert 'ann/003.png does not exist' in faults[2]


def test_everything_ignored(root):
    for i in range(4):
        write_label(root, np.full_like(label_of(root, i), 255), i)
    fault, = scan(root).faults
    assert 'none of the pixels in 4 labels has a class' in fault


def test_unlabelled_images_need_no_label(root, tmp_path):
    unlabeled = write_images(tmp_path / 'unlabeled', 3)
    (unlabeled / 'img' / '001.png').write_bytes(b'no picture')
    dataset = DATASETS.build(multi_source_config(root, unlabeled))
    reports = scan_labels(dataset)
    assert [r.field for r in reports] == [
        'train_dataloader.dataset.labeled',
        'train_dataloader.dataset.unlabeled'
    ]
    assert [r.is_labeled for r in reports] == [True, False]
    assert reports[0].faults == []
    fault, = reports[1].faults
    assert fault.startswith('train_dataloader.dataset.unlabeled: the image ')


def test_walks_through_wrappers(root):
    leaf = labeled_config(root)
    dataset = DATASETS.build(
        dict(
            type='SeededDataset',
            dataset=dict(type='ConcatDataset', datasets=[leaf, leaf])))
    reports = scan_labels(dataset, 'data')
    assert [r.field for r in reports
            ] == ['data.dataset.datasets[0]', 'data.dataset.datasets[1]']
    repeated = DATASETS.build(
        dict(type='RepeatDataset', times=3, dataset=leaf))
    report, = scan_labels(repeated)
    assert report.num_images == 4


def test_scan_is_bounded_and_spread():
    assert scan_indices(5, None) == [0, 1, 2, 3, 4]
    assert scan_indices(5, 9) == [0, 1, 2, 3, 4]
    assert scan_indices(101, 5) == [0, 25, 50, 75, 100]
    assert scan_indices(5, 0) == []


def test_scan_reads_no_more_than_asked(root):
    assert scan(root, max_images=2).num_images == 2


def test_report_is_a_histogram(root):
    text = format_report(scan(root))
    assert '4 images' in text and '40x50 (1)' in text
    rows = [line.split() for line in text.splitlines()[4:] if line]
    assert [row[:2] for row in rows] == [['0', 'sky'], ['1', 'road'],
                                         ['2', 'car']]
    assert sum(float(row[2].rstrip('%')) for row in rows) == pytest.approx(
        100, abs=0.05)


def test_sizes_may_differ_where_both_are_resized(tmp_path):
    for folder, size in (('images', (4, 6, 3)), ('labels', (8, 12))):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / 'a.png'), np.zeros(size, np.uint8))
    cfg = dict(
        type='BaseSegDataset',
        data_root=str(tmp_path),
        img_suffix='.png',
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        metainfo=dict(classes=('a', )),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations')
        ])
    dataset = DATASETS.build(cfg)
    assert 'is of size' in scan_labels(dataset)[0].faults[0]
    assert scan_labels(dataset, check_sizes=False)[0].faults == []
