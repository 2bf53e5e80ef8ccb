"""Methods with few labels on a data set that a config names."""
import csv
import subprocess
import sys

import cv2
import pytest
from mmengine.config import Config

from mmseg_ext.datasets.few_label_sources import (labeled_source, leaf_dataset,
                                                  unlabeled_source)

PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', reduce_zero_label=True),
    dict(type='RandomCrop', crop_size=(8, 8), cat_max_ratio=0.75),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs')
]
DATASET = dict(
    type='RepeatDataset',
    times=3,
    dataset=dict(
        type='ADE20KDataset',
        data_root='data/ade',
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        pipeline=PIPELINE))


def types(source):
    return [transform['type'] for transform in source['pipeline']]


def test_labeled_source():
    source = labeled_source(DATASET, 'list.txt', 'PackBranchInputs')
    assert types(source) == [
        'LoadImageFromFile', 'LoadAnnotations', 'AddValidMask', 'RandomCrop',
        'PhotoMetricDistortion', 'PackBranchInputs'
    ]
    assert source['type'] == 'ADE20KDataset'
    assert source['ann_file'].endswith('/list.txt')
    plain = labeled_source(DATASET, 'list.txt', 'PackSegInputs')
    assert types(plain) == [transform['type'] for transform in PIPELINE]
    assert leaf_dataset(DATASET)['pipeline'] == PIPELINE  # as it was


def test_unlabeled_source():
    """No label is loaded, and nothing that needs one is left."""
    source = unlabeled_source(DATASET, 'list.txt', [dict(type='Views')])
    assert types(source) == [
        'LoadImageFromFile', 'AddValidMask', 'RandomCrop', 'Views'
    ]
    assert 'cat_max_ratio' not in source['pipeline'][2]
    assert 'seg_map_path' not in source['data_prefix']


def test_a_pipeline_without_labels_is_refused():
    source = dict(DATASET['dataset'], pipeline=PIPELINE[:1])
    with pytest.raises(ValueError, match='LoadAnnotations'):
        labeled_source(source, 'list.txt', 'PackBranchInputs')


def test_joined_data_sets_are_refused():
    with pytest.raises(ValueError, match='ConcatDataset'):
        leaf_dataset(dict(type='ConcatDataset', datasets=[DATASET]))


def run(repo, *args):
    return subprocess.run(
        [sys.executable, repo / 'tools/compare_methods.py', *map(str, args)],
        capture_output=True,
        text=True)


def test_table_of_two_methods(repo, toystreet, tmp_path):
    cfg = Config.fromfile(repo / 'configs/_base_/datasets/toystreet.py')
    root = str(toystreet / 'day')
    cfg.train_dataloader.dataset.dataset.data_root = root
    cfg.val_dataloader.dataset.data_root = root
    cfg.test_dataloader.dataset.data_root = root
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
    cfg.dump(tmp_path / 'data.py')
    args = (tmp_path / 'data.py', '--methods', 'supervised', 'threshold',
            '--sizes', '4', '--seeds', '3', '--jobs', '2', '--work-dir',
            tmp_path / 'work', '--cfg-options', 'train_cfg.max_iters=2',
            'train_cfg.val_interval=2', 'train_dataloader.num_workers=0',
            'train_dataloader.persistent_workers=False',
            'default_hooks.checkpoint.interval=2')
    done = run(repo, *args)
    logs = [p.read_text()[-2000:] for p in tmp_path.rglob('train.log')]
    assert done.returncode == 0, (done.stderr[-2000:], logs)
    lines = [x for x in done.stdout.splitlines() if ' of 2: ' in x]
    assert [line.split()[0] for line in lines] == ['1', '2']
    assert all(line.endswith('done') for line in lines)
    with open(tmp_path / 'work/results.csv') as file:
        rows = list(csv.reader(file))
    assert rows[0] == ['method', 'size', '3']
    assert [row[:2] for row in rows[1:]] == [['supervised', '4'],
                                             ['threshold', '4']]
    assert '| supervised |' in (tmp_path / 'work/results.md').read_text()
    assert cv2.imread(str(tmp_path / 'work/results.png')) is not None
    lists = tmp_path / 'work/splits/4'
    labeled, unlabeled = ((lists / f'{kind}_seed3.txt').read_text().split()
                          for kind in ('labeled', 'unlabeled'))
    assert len(labeled) == 4 and not set(labeled) & set(unlabeled)
    before = (tmp_path / 'work/threshold_4_3/iter_2.pth').stat().st_mtime_ns
    assert run(repo, *args).returncode == 0  # nothing is trained again
    after = (tmp_path / 'work/threshold_4_3/iter_2.pth').stat().st_mtime_ns
    assert before == after


def test_an_unknown_method(repo):
    done = run(repo, '--methods', 'magic')
    assert done.returncode == 1 and "'magic'" in done.stderr
