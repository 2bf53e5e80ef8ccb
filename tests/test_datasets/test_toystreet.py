import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, TRANSFORMS

from mmseg_ext.datasets import ToyStreetDataset

PREFIX = dict(img_path='images/train', seg_map_path='annotations/train')
PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs')
]


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg')


@pytest.fixture
def repo_config():
    folder = Path(__file__).resolve().parents[2] / 'configs/_base_/datasets'
    return lambda name: Config.fromfile(folder / f'{name}.py')


def _count(root, split):
    return len(os.listdir(root / 'day/images' / split))


def test_reads_what_the_generator_writes(toystreet):
    dataset = ToyStreetDataset(
        data_root=str(toystreet / 'day'),
        data_prefix=PREFIX,
        pipeline=PIPELINE)
    assert len(dataset) == _count(toystreet, 'train')
    assert dataset.metainfo['classes'][0] == 'sky'
    assert len(dataset.metainfo['palette']) == 9
    sample = dataset[2]
    label = cv2.imread(
        str(toystreet / 'day/annotations/train/day_train_00002.png'),
        cv2.IMREAD_UNCHANGED)
    assert sample['inputs'].shape == (3, 96, 128)
    assert np.array_equal(sample['data_samples'].gt_sem_seg.data[0], label)


def test_reads_a_list(toystreet):
    dataset = ToyStreetDataset(
        data_root=str(toystreet / 'dusk'),
        data_prefix=PREFIX,
        ann_file='splits/1_4/labeled_seed0.txt')
    path = toystreet / 'dusk/splits/1_4/labeled_seed0.txt'
    names = path.read_text().split()
    assert 0 < len(dataset) == len(names) < _count(toystreet, 'train')
    assert dataset.get_data_info(0)['img_path'].endswith(f'{names[0]}.png')


def _relocate(node, old, new):
    if isinstance(node, dict):
        return {key: _relocate(value, old, new) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return type(node)(_relocate(value, old, new) for value in node)
    if isinstance(node, str) and node.startswith(old):
        return new + node[len(old):]
    return node


def test_supervised_config(toystreet, repo_config):
    cfg = _relocate(
        repo_config('toystreet').to_dict(), 'data/toystreet', str(toystreet))
    for split in ('train', 'val'):
        dataset = DATASETS.build(cfg[f'{split}_dataloader']['dataset'])
        assert len(dataset) == _count(toystreet, split)


def test_semi_config(toystreet, repo_config):
    cfg = _relocate(
        repo_config('toystreet_semi').to_dict(), 'data/toystreet',
        str(toystreet))
    dataset = DATASETS.build(cfg['train_dataloader']['dataset'])
    count = _count(toystreet, 'train')
    labeled = dataset.source_lengths['labeled']
    assert labeled == max(1, count // 32)
    assert dataset.source_lengths['unlabeled'] == count - labeled
    unlabeled = dataset[count - 1]
    weak = unlabeled['inputs']['unlabeled']
    strong = unlabeled['inputs']['unlabeled_strong']
    # a crop of an image that may be scaled down
    assert weak.shape == strong.shape
    assert weak.shape[1] <= 96 and weak.shape[2] <= 128
    assert 'gt_sem_seg' not in unlabeled['data_samples']['unlabeled']
    assert 'gt_sem_seg' in dataset[0]['data_samples']['labeled']
    sizes = cfg['train_dataloader']['sampler']['source_sizes']
    assert sum(sizes.values()) == cfg['train_dataloader']['batch_size']


@pytest.mark.parametrize('name', [
    'camvid', 'camvid-180x240', 'camvid-120x160', 'camvid_semi',
    'camvid_semi-120x160', 'voc12aug_semi-505x505', 'cityscapes_semi-512x1024'
])
def test_other_configs_are_consistent(repo_config, name):
    cfg = repo_config(name)
    loader = cfg.train_dataloader
    sizes = loader.sampler.get('source_sizes')
    if 'semi' in name:
        assert list(sizes) == ['labeled', 'unlabeled']
        assert sum(sizes.values()) == loader.batch_size
        assert loader.dataset.labeled.ann_file == cfg.labeled_list
        assert loader.dataset.unlabeled.ann_file == cfg.unlabeled_list
        assert 'seg_map_path' not in loader.dataset.unlabeled.data_prefix
    for pipeline in _pipelines(cfg.to_dict()):
        for transform in pipeline:
            TRANSFORMS.build(transform)


def _pipelines(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key.endswith('pipeline') and isinstance(value, list):
                yield value
            else:
                yield from _pipelines(value)
