import json

import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, TRANSFORMS

from mmseg_ext.datasets import PSSLDataset
from mmseg_ext.datasets.label_scan import format_report, scan_labels
from mmseg_ext.engine.offline import (ClassifiedImage, ExplanationStore,
                                      OfflineCache)

NUM = 1000
LABELS = (25, 255, 281, 999)
LOAD = [dict(type='LoadImageFromFile'), dict(type='LoadPSSLAnnotations')]


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg')


@pytest.fixture
def explained(tmp_path):
    """Make a data set of one image for each label, of 10 x 12 pixels."""

    def make(store='decile', labels=LABELS, classes=NUM, degenerate=()):
        out = tmp_path / store
        recipe = dict(store=store, classes=[f'c{i}' for i in range(classes)])
        written = ExplanationStore(OfflineCache(str(out), recipe), store)
        images = []
        for i, label in enumerate(labels):
            path = tmp_path / 'images' / f'c{label}' / f'{i}.jpg'
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), np.full((10, 12, 3), 10 * i, np.uint8))
            image = ClassifiedImage(str(path), f'c{label}/{i}.jpg', label)
            deciles = (np.arange(120).reshape(10, 12) // 12).astype(np.uint8)
            if i in degenerate:
                written.write(image, None, {}, dict(degenerate=True))
            else:
                written.write(image, deciles, {}, {})
            images.append(image)
        counts = written.finish(images)
        assert counts['degenerate'] == len(degenerate)
        return dict(
            type='PSSLDataset',
            data_root=str(tmp_path),
            ann_file=f'{store}/images.jsonl',
            data_prefix=dict(
                img_path='images', seg_map_path=f'{store}/deciles'))

    return make


def load(cfg, **kwargs):
    pipeline = [LOAD[0], dict(LOAD[1], **kwargs)]
    dataset = DATASETS.build(dict(cfg, pipeline=pipeline))
    return [dataset[i]['gt_seg_map'] for i in range(len(dataset))]


def test_deciles_become_labels(explained):
    cfg = explained()
    for label, found in zip(LABELS, load(cfg)):
        assert found.dtype == np.uint16
        assert (found[9] == label).all() and (found[:9] == NUM).all()
    found = load(cfg, threshold=7, ignore_deciles=(6, ))[1]
    assert (found[7:] == 255).all() and (found[6] == NUM + 1).all()
    assert (found[:6] == NUM).all()


def test_meta_information(explained):
    dataset = DATASETS.build(explained())
    assert len(dataset) == 4 and dataset.ignore_index == NUM + 1
    assert dataset.metainfo['classes'][-2:] == ('c999', 'background')
    assert len(dataset.metainfo['classes']) == NUM + 1
    assert len(dataset.metainfo['palette']) == NUM + 1
    assert [dataset.get_data_info(i)['image_label']
            for i in range(4)] == list(LABELS)


def test_any_number_of_classes(explained):
    cfg = explained(labels=(0, 2), classes=3)
    assert [sorted(np.unique(x)) for x in load(cfg)] == [[0, 3], [2, 3]]
    assert DATASETS.build(cfg).ignore_index == 4


def test_degenerate_images_are_left_out(explained):
    dataset = DATASETS.build(explained(degenerate=(1, 2)))
    assert [
        dataset.get_data_info(i)['image_label'] for i in range(len(dataset))
    ] == [25, 999]


def test_binary_store(explained):
    assert all((a == b).all()
               for a, b in zip(load(explained('binary')), load(explained())))
    with pytest.raises(ValueError, match="binary.*store='decile'"):
        load(explained('binary'), threshold=8)


@pytest.mark.parametrize('label', LABELS)
def test_large_labels_survive_the_augmentation(explained, label):
    """Resize, crop with padding, flip and packing, in 16 bits."""
    cfg = explained(labels=(label, ))
    cfg['pipeline'] = [
        *LOAD,
        dict(
            type='RandomResize',
            scale=(4096, 16),
            ratio_range=(0.5, 2.0),
            keep_ratio=True),
        dict(type='RandomCrop', crop_size=(16, 16), ignore_index=NUM + 1),
        dict(type='RandomFlip', prob=0.5),
        dict(type='Pad', size=(20, 20), pad_val=dict(img=0, seg=NUM + 1)),
        dict(type='PackSegInputs'),
    ]
    dataset = DATASETS.build(cfg)
    seen = set()
    for _ in range(20):
        found = dataset[0]['data_samples'].gt_sem_seg.data
        assert str(found.dtype) == 'torch.int64'
        seen |= set(found.unique().tolist())
    assert seen == {label, NUM, NUM + 1}


def test_stock_loading_would_not_do(explained):
    """Why there is a transform of our own."""
    results = dict(DATASETS.build(explained(labels=(281, ))).get_data_info(0))
    path = results['seg_map_path']
    cv2.imwrite(path, np.full((10, 12), 281, np.uint16))
    stock = TRANSFORMS.build(
        dict(type='LoadAnnotations', imdecode_backend='cv2'))
    assert stock(results)['gt_seg_map'].max() == 281 - 256


@pytest.fixture
def official(tmp_path):
    """The layout that the authors hand out."""
    folder = tmp_path / 'pssl'
    synsets = ['n01440764', 'n01443537']
    names = []
    for i, synset in enumerate(synsets):
        name = f'train/{synset}/{synset}_{i}.JPEG'
        values = np.zeros((6, 5), np.int64)
        values[0], values[1] = 1, -1
        for path in (folder / name, tmp_path / 'imagenet' / name):
            path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(folder / f'{name}_eiseg.npz', values)
        cv2.imwrite(
            str(tmp_path / 'imagenet' / name), np.zeros((6, 5, 3), np.uint8))
        names.append(f'{name}_eiseg.npz\n')
    (folder / 'train.txt').write_text(''.join(names))
    (folder /
     'imagenet_lsvrc_2015_synsets.txt').write_text('\n'.join(synsets) + '\n')
    return dict(
        type='PSSLDataset',
        data_root=str(tmp_path),
        ann_file='pssl/train.txt',
        synset_file='pssl/imagenet_lsvrc_2015_synsets.txt',
        data_prefix=dict(img_path='imagenet', seg_map_path='pssl'))


def test_set_of_the_authors(official):
    found = load(official)
    assert [sorted(np.unique(x)) for x in found] == [[0, 2], [1, 2]]
    assert (found[1][0] == 1).all() and (found[1][1:] == 2).all()
    ignoring = load(official, ignore_value=-1)[1]
    assert (ignoring[1] == 3).all() and (ignoring[2:] == 2).all()
    official['synset_file'] = 'pssl/none.txt'
    with pytest.raises(FileNotFoundError, match='none.txt.*does not exist'):
        DATASETS.build(official)


def test_synset_that_is_not_listed(official, tmp_path):
    (tmp_path / 'pssl/train.txt').write_text('train/n0/n0_1.JPEG_eiseg.npz\n')
    with pytest.raises(ValueError, match='line 1 of .*train.txt is .train/n0'):
        DATASETS.build(official)


@pytest.mark.parametrize('store', ['decile', 'npz'])
def test_label_scan(explained, official, store):
    """255 is a class and 1001 is ignored."""
    cfg = explained() if store == 'decile' else official
    dataset = DATASETS.build(dict(cfg, pipeline=LOAD))
    report, = scan_labels(dataset)
    assert report.faults == [] and report.ignore_share == 0
    if store == 'decile':
        assert report.pixels[255] == 12 and report.pixels[NUM] == 4 * 108
        assert 'background' in format_report(report)


def test_label_scan_finds_another_size(explained):
    cfg = explained()
    dataset = DATASETS.build(dict(cfg, pipeline=LOAD))
    path = dataset.get_data_info(2)['seg_map_path']
    cv2.imwrite(path, np.zeros((5, 12), np.uint8))
    report, = scan_labels(dataset)
    assert len(report.faults) == 1 and '5x12' in report.faults[0]
    with pytest.raises(ValueError, match='map .*2.png is of size 5x12.*10x12'):
        dataset[2]


def test_broken_files(explained, tmp_path):
    cfg = explained()
    dataset = DATASETS.build(dict(cfg, pipeline=LOAD))
    path = dataset.get_data_info(0)['seg_map_path']
    for content in (b'', b'no image'):
        with open(path, 'wb') as file:
            file.write(content)
        with pytest.raises(ValueError, match='is broken or no map of decile'):
            dataset[0]
    cv2.imwrite(path, np.full((10, 12), 77, np.uint8))
    with pytest.raises(ValueError, match='is broken or no map of decile'):
        dataset[0]
    index = tmp_path / 'decile/images.jsonl'
    lines = index.read_text().splitlines()
    index.write_text('\n'.join([lines[0], '{"image": 1']))
    with pytest.raises(ValueError, match='line 2 of .*images.jsonl'):
        DATASETS.build(cfg)
    index.write_text(json.dumps(dict(image='a.jpg', label=1000)))
    with pytest.raises(ValueError, match='a.jpg the class 1000, but there'):
        DATASETS.build(cfg)
    index.write_text('')
    with pytest.raises(ValueError, match='names no image with a map'):
        DATASETS.build(cfg)
    (tmp_path / 'decile/manifest.json').write_text('{}')
    with pytest.raises(ValueError, match='is no manifest'):
        DATASETS.build(cfg)
    with pytest.raises(FileNotFoundError, match='does not exist'):
        PSSLDataset('none.jsonl', dict(img_path='', seg_map_path=''))


@pytest.mark.parametrize('kwargs', [
    dict(threshold=10),
    dict(threshold='9'),
    dict(ignore_deciles=(3, 11)),
])
def test_wrong_arguments(kwargs):
    with pytest.raises(ValueError, match=next(iter(kwargs))):
        TRANSFORMS.build(dict(LOAD[1], **kwargs))
