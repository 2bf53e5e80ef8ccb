import json
import os
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from branch_data import (CLASSES, PALETTE, labeled_config, unlabeled_config,
                         write_images)
from mmengine.dataset import ConcatDataset
from mmengine.registry import init_default_scope
from mmseg.datasets import BaseSegDataset, LoadAnnotations
from mmseg.registry import DATASETS

from mmseg_ext.datasets.class_size_statistics import ClassSizeStatistics
from mmseg_ext.datasets.label_counter import LabelCounter

REPO = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True, scope='module')
def scope():
    init_default_scope('mmseg')


def compute(fractions, pixels=1000, **kwargs):
    """Statistics of two classes; the first covers the given fractions."""
    first = np.round(np.asarray(fractions) * pixels).astype(np.int64)
    counts = np.stack([first, (pixels - first) // 2], 1)  # the rest is void
    sizes = np.full(len(first), pixels)
    return ClassSizeStatistics.from_counts(('a', 'b'), counts, sizes, **kwargs)


def test_published_numbers():
    stats = compute(np.arange(11) * 0.05)
    assert (stats.num_images, stats.image_counts) == (11, (10, 11))
    found = stats.alpha[0], stats.delta[0], stats.gamma[0]
    assert found == pytest.approx((0.095, 0.275, 0.455))
    assert stats.pixel_counts == (2750, 4125)
    assert stats.class_shares == pytest.approx((0.4, 0.6))


def test_median_over_all_images():
    rare = compute([0.] * 6 + [0.4] * 5, center='median_all')
    assert rare.delta[0] == 0
    assert rare.gamma[0] == pytest.approx(0.4)


def test_class_that_is_nowhere():
    stats = compute([0.] * 4)
    assert (stats.alpha[0], stats.delta[0], stats.gamma[0]) == (0, 0, 0)
    assert stats.image_counts[0] == 0


def test_file_is_read_as_it_was_written(tmp_path):
    stats = compute([0.1, 0.37], quantiles=(0.2, 0.8))
    path = str(tmp_path / 'new' / 'stats.json')
    stats.save(path)
    assert ClassSizeStatistics.load(path) == stats
    assert ClassSizeStatistics.load(stats) is stats
    content = json.loads(Path(path).read_text())
    assert ClassSizeStatistics.load(content) == stats
    assert 'linear' in content['quantile_definition']
    assert os.listdir(tmp_path / 'new') == ['stats.json']


@pytest.mark.parametrize('change, match', [
    (dict(kind='other'), 'holds no class size statistics'),
    (dict(classes=[]), 'names no classes'),
    (dict(alpha=[0.1]), '2 values of alpha'),
    (dict(delta=[0.1, 'x']), 'impossible value x in delta'),
    (dict(gamma=[1.5, 0.]), 'impossible value 1.5 in gamma'),
    (dict(pixel_counts=[0, 0]), 'counts no pixels'),
    (dict(num_images=None), 'num_images'),
])
def test_wrong_files_are_refused(tmp_path, change, match):
    path = tmp_path / 'stats.json'
    compute([0.1, 0.3]).save(str(path))
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(
            ValueError, match=f"Loss.stats='.*stats.json' .*{match}"):
        ClassSizeStatistics.load(str(path), 'Loss.stats')


def test_missing_and_broken_files_are_refused(tmp_path):
    path = tmp_path / 'stats.json'
    with pytest.raises(FileNotFoundError, match='does not exist; make it'):
        ClassSizeStatistics.load(str(path))
    path.write_text('{"classes": [')
    with pytest.raises(ValueError, match='no JSON file'):
        ClassSizeStatistics.load(str(path))


@pytest.mark.parametrize('kwargs, match', [
    (dict(center='mode'), "center .* 'mode'"),
    (dict(quantiles=(0.9, 0.1)), 'quantiles'),
])
def test_impossible_options(kwargs, match):
    with pytest.raises(ValueError, match=match):
        compute([0.1], **kwargs)


def test_data_without_labels_is_refused():
    with pytest.raises(ValueError, match='none of the pixels of 2'):
        ClassSizeStatistics.from_counts(CLASSES, np.zeros((2, 3), np.int64),
                                        np.full(2, 9))


@pytest.fixture
def root(tmp_path):
    return write_images(tmp_path / 'labeled', 5, True)


def write_label(root, index, label):
    cv2.imwrite(str(root / 'ann' / f'{index:03d}.png'), label)


def read_counts(root, index):
    label = cv2.imread(str(root / 'ann' / f'{index:03d}.png'), 0)
    return [int((label == value).sum()) for value in (0, 1, 2, 255)]


@pytest.mark.parametrize('num_workers', [0, 2])
def test_labels_are_counted(root, num_workers):
    label = np.full((40, 50), 255, np.uint8)
    label[:3] = 1
    write_label(root, 0, label)
    counter = LabelCounter(DATASETS.build(labeled_config(root)))
    counts = counter.count(num_workers)
    assert counter.classes == CLASSES
    assert counts.tolist() == [read_counts(root, i) for i in range(5)]


def test_labels_are_counted_as_training_sees_them(root):
    # ids 2, 1, 0 become 0, 255, 1 and an eighth of the pixels is left
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations'),
        dict(type='MapSegLabels', mapping={
            2: 0,
            0: 1
        }),
        dict(type='Resize', scale=(25, 10)),
        dict(type='RandomCrop', crop_size=(4, 4)),
        dict(type='PackSegInputs'),
    ]
    label = np.zeros((40, 50), np.uint8)
    label[:20] = 2
    label[20:24] = 1
    write_label(root, 0, label)
    config = labeled_config(root, pipeline)
    counts = LabelCounter(DATASETS.build(config))[0]
    assert counts.tolist() == [125, 100, 0, 25]
    config['pipeline'][3] = dict(type='Resize', scale_factor=0.5)
    counts = LabelCounter(DATASETS.build(config))[0]
    assert counts.tolist() == [250, 200, 0, 50]
    whole = LabelCounter(DATASETS.build(config), resize=False)[0]
    assert whole.tolist() == [1000, 800, 0, 200]


class ThreeClasses(BaseSegDataset):
    METAINFO = dict(classes=CLASSES, palette=PALETTE)


def test_subset_of_the_classes_and_wrapped_sets(root):

    def part(*classes):
        config = labeled_config(
            root,
            pipeline=[],
            metainfo=dict(classes=classes, palette=PALETTE[:len(classes)]))
        config.pop('type')
        return ThreeClasses(**config)

    counter = LabelCounter(ConcatDataset([part('car', 'sky')] * 2))
    assert len(counter) == 10 and counter.classes == ('car', 'sky')
    sky, road, car, void = read_counts(root, 3)
    assert counter[8].tolist() == [car, sky, void + road]
    different = ConcatDataset(
        [part('car', 'sky'), part('car', 'road')],
        ignore_keys=['classes', 'label_map', 'palette'])
    with pytest.raises(
            ValueError, match=r'datasets\[1\] has the classes car, road, but'):
        LabelCounter(different)


def test_bad_labels_are_named(root):
    write_label(root, 1, np.full((40, 50), 7, np.uint8))
    (root / 'ann' / '002.png').write_bytes(b'no picture')
    counter = LabelCounter(DATASETS.build(labeled_config(root)))
    with pytest.raises(ValueError, match='001.png has the value 7, but .* 3'):
        counter[1]
    with pytest.raises(RuntimeError, match='002.png cannot be read'):
        counter[2]
    config = unlabeled_config(root, metainfo=dict(classes=CLASSES))
    with pytest.raises(RuntimeError, match='000.png has no label map'):
        LabelCounter(DATASETS.build(config))[0]


@pytest.mark.parametrize('dtype,channels,message', [
    (np.uint8, 3, 'has 3 colour channels'),
    (np.uint16, 1, 'has the value 257, which does not fit'),
])
def test_what_stock_loading_hides_is_refused(root, dtype, channels, message):
    label = np.full((40, 50, channels), 1, dtype)
    label[:2] = min(257, np.iinfo(dtype).max)
    write_label(root, 1, label)
    with pytest.raises(ValueError, match=f'001.png {message}'):
        LabelCounter(DATASETS.build(labeled_config(root)))[1]


class LoadColours(LoadAnnotations):
    """Class ids in the red channel."""

    def _load_seg_map(self, results):
        results['gt_seg_map'] = cv2.imread(results['seg_map_path'])[..., 2]
        results['seg_fields'].append('gt_seg_map')


def test_a_loader_of_its_own_knows_its_files(root):
    label = np.zeros((40, 50, 3), np.uint8)
    label[:2, :, 2] = 1
    write_label(root, 1, label)
    dataset = DATASETS.build(labeled_config(root))
    dataset.pipeline.transforms[:] = [LoadColours()]
    assert LabelCounter(dataset)[1][:2].tolist() == [1900, 100]


def test_ignore_index_of_the_data_set_is_void(root):
    label = np.full((40, 50), 9, np.uint8)
    label[:2], label[3] = 1, 255
    write_label(root, 1, label)
    counter = LabelCounter(
        DATASETS.build(dict(labeled_config(root), ignore_index=9)))
    assert counter[1].tolist() == [0, 100, 0, 1900]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the tool on a config; gives the file it wrote."""

    def run_tool(text, *options):
        config, out = tmp_path / 'config.py', tmp_path / 'out' / 'stats.json'
        config.write_text(text)
        monkeypatch.setattr(
            sys, 'argv',
            ['tool', str(config), str(out), *options])
        tools = REPO / 'tools' / 'dataset_converters'
        runpy.run_path(
            str(tools / 'class_size_statistics.py'), run_name='__main__')
        return str(out)

    return run_tool


def test_tool_counts_the_source_of_an_adaptation(run, root):
    dataset = dict(
        type='MultiSourceDataset',
        source=labeled_config(root),
        target=unlabeled_config(root))
    path = run(f'train_dataloader = dict(dataset={dataset!r})\n')
    counts = np.array([read_counts(root, i) for i in range(5)])
    expected = ClassSizeStatistics.from_counts(CLASSES, counts[:, :3],
                                               counts.sum(1))
    assert ClassSizeStatistics.load(path) == expected


def test_tool_takes_any_data_set(run, root):
    text = f'val_dataloader = dict(dataset={labeled_config(root)!r})\n'
    path = run(text, '--key', 'val_dataloader.dataset', '--center',
               'median_all', '--num-workers', '2')
    assert ClassSizeStatistics.load(path).center == 'median_all'
    with pytest.raises(SystemExit, match='no field train_dataloader.dataset'):
        run(text)


def test_tool_leaves_nothing_behind_when_it_fails(run, root, tmp_path):
    write_label(root, 3, np.full((40, 50), 7, np.uint8))
    with pytest.raises(SystemExit, match='003.png has the value 7'):
        run(f'train_dataloader = dict(dataset={labeled_config(root)!r})\n')
    assert not (tmp_path / 'out').exists()


CAMVID_DAY = dict(
    sky=(.0859, .1650, .2719),
    building=(.0359, .2238, .3888),
    pole=(.0023, .0101, .0204),
    road=(.2884, .3430, .3970),
    pavement=(.0065, .0479, .0964),
    tree=(.0253, .1122, .2413),
    sign=(.0016, .0124, .0238),
    fence=(.0012, .0242, .0610),
    car=(.0044, .0540, .1457),
    pedestrian=(.0008, .0075, .0177),
    bicyclist=(.0002, .0048, .0111))


@pytest.mark.skipif(
    not (REPO / 'data/camvid/annotations/train').is_dir(),
    reason='needs data/camvid')
def test_published_numbers_of_camvid_by_day(tmp_path):
    root = REPO / 'data/camvid'
    names = sorted(
        path.stem for path in (root / 'annotations/train').iterdir()
        if path.name.startswith(('0006R0', '0016E5')))
    (tmp_path / 'day.txt').write_text('\n'.join(names))
    dataset = DATASETS.build(
        dict(
            type='CamVidDataset',
            data_root=str(root),
            data_prefix=dict(
                img_path='images/train', seg_map_path='annotations/train'),
            ann_file=str(tmp_path / 'day.txt'),
            pipeline=[]))
    counter = LabelCounter(dataset)
    counts = counter.count()
    stats = ClassSizeStatistics.from_counts(counter.classes, counts[:, :-1],
                                            counts.sum(1))
    assert stats.num_images == 305
    for row in zip(stats.classes, stats.alpha, stats.delta, stats.gamma):
        assert row[1:] == pytest.approx(CAMVID_DAY[row[0]], abs=6e-5), row
    assert sum(stats.delta) == pytest.approx(1.0048, abs=6e-5)
