"""Methods with few labels on a data set that a config names."""
import csv
import json
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import DATASETS
from mmseg.utils import register_all_modules

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


def test_sources_of_labels_that_are_mapped():
    """Told by class, whatever the names."""
    register_all_modules()
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type=LoadAnnotations),
        dict(type='MapSegLabels', mapping={0: 1}),
        dict(type='GenerateEdge'),
        dict(type='GenerateBoundaryMap'),
        dict(type='PackSegInputs')
    ]
    whole = dict(DATASET['dataset'], pipeline=pipeline)
    assert types(unlabeled_source(
        whole, 'list.txt', [])) == ['LoadImageFromFile', 'AddValidMask']
    source = labeled_source(whole, 'list.txt', 'PackBranchInputs')
    assert types(source)[1:3] == [LoadAnnotations, 'AddValidMask']


@pytest.mark.parametrize('folder', [None, 'leftImg8bit/train'])
def test_unlabeled_source_has_folder_and_ending_of_the_class(tmp_path, folder):
    register_all_modules()
    images = tmp_path / (folder or '') / 'aachen'
    images.mkdir(parents=True)
    for i in range(2):
        cv2.imwrite(
            str(images / f'aachen_{i}_leftImg8bit.png'),
            np.zeros((4, 4, 3), np.uint8))
    whole = dict(type='CityscapesDataset', data_root=tmp_path, pipeline=[])
    if folder is not None:
        whole['data_prefix'] = dict(img_path=folder, seg_map_path='gtFine')
    (tmp_path / 'list.txt').write_text('aachen/aachen_1\n')
    source = unlabeled_source(whole, tmp_path / 'list.txt', [])
    found = DATASETS.build(source)
    assert [found.get_data_info(i)['img_path'] for i in range(len(found))
            ] == [str(images / 'aachen_1_leftImg8bit.png')]


@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
def test_unlabeled_source_of_a_class_that_finds_the_ending(tmp_path, suffix):
    register_all_modules()
    image = tmp_path / f'images/train/0001TP{suffix}'
    image.parent.mkdir(parents=True)
    cv2.imwrite(str(image), np.zeros((4, 4, 3), np.uint8))
    whole = dict(
        type='CamVidDataset',
        data_root=tmp_path,
        data_prefix=dict(img_path='images/train', seg_map_path='annotations'),
        pipeline=[])
    (tmp_path / 'list.txt').write_text('0001TP\n')
    found = DATASETS.build(unlabeled_source(whole, tmp_path / 'list.txt', []))
    assert found.get_data_info(0)['img_path'] == str(image)


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


def write_data(repo, toystreet, tmp_path):
    """Config of the day's images, with labels to draw from."""
    cfg = Config.fromfile(repo / 'configs/_base_/datasets/toystreet.py')
    root = str(toystreet / 'day')
    cfg.train_dataloader.dataset.dataset.data_root = root
    cfg.val_dataloader.dataset.data_root = root
    cfg.test_dataloader.dataset.data_root = root
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
    cfg.dump(tmp_path / 'data.py')


def test_table_of_two_methods(repo, toystreet, tmp_path):
    write_data(repo, toystreet, tmp_path)
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


def test_data_that_cannot_be_built_stop_it_ahead_of_training(
        repo, toystreet, tmp_path, monkeypatch):
    write_data(repo, toystreet, tmp_path)
    cfg = Config.fromfile(repo / 'configs/eln/threshold_toystreet.py')
    cfg.train_dataloader.dataset.unlabeled.pipeline[-1] = dict(type='Magic')
    cfg.dump(tmp_path / 'broken.py')
    monkeypatch.setattr(sys, 'argv', [
        'compare_methods.py',
        str(tmp_path / 'data.py'), '--methods', 'supervised',
        f'broken={tmp_path / "broken.py"}', '--sizes', '4', '--seeds', '3',
        '--work-dir',
        str(tmp_path / 'work')
    ])
    main = runpy.run_path(str(repo / 'tools/compare_methods.py'))['main']
    monkeypatch.setitem(main.__globals__, 'train_all', pytest.fail)
    with pytest.raises(SystemExit, match='broken_4_3: train_dataloader.datas'):
        main()


@pytest.fixture
def main(repo, toystreet, tmp_path, monkeypatch):
    """The tool on a few images of ToyStreet, without training."""
    write_data(repo, toystreet, tmp_path)
    tool = runpy.run_path(str(repo / 'tools/compare_methods.py'))['main']

    def train_all(plans, jobs):
        for _, _, folder, _ in plans:
            log = Path(folder, 'run/vis_data/scalars.json')
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(json.dumps(dict(mIoU=50., step=1)))

    monkeypatch.setitem(tool.__globals__, 'train_all', train_all)

    def function(*args):
        monkeypatch.setattr(sys, 'argv', [
            'compare_methods.py',
            str(tmp_path / 'data.py'), '--methods', 'supervised', '--work-dir',
            str(tmp_path / 'work'), *args
        ])
        tool()

    return function


def test_a_run_of_other_labels_is_no_result(main, tmp_path):
    main('--sizes', '1/4', '--seeds', '0')
    path = tmp_path / 'work/splits/1_4/labeled_seed0.txt'
    before = path.read_text()
    with pytest.raises(SystemExit, match='supervised_1_4_0 is a run of the '):
        main('--sizes', '1/4=3', '--seeds', '0')
    assert path.read_text() == before
    main('--sizes', '1/4', '--seeds', '0', '1')
    # nothing has been made of these
    shutil.rmtree(tmp_path / 'work/supervised_1_4_0')
    main('--sizes', '1/4=3', '--seeds', '0')


@pytest.mark.parametrize('args,message', [
    (('--sizes', '1/4', '1/4=3'), 'folder 1_4'),
    (('--methods', 'eln', 'eln=x.py'), "'eln' twice"),
])
def test_what_would_be_written_twice_is_refused(main, args, message):
    with pytest.raises(SystemExit, match=message):
        main(*args)


def test_a_seed_does_not_count_twice(main, capsys):
    with pytest.raises(SystemExit):
        main('--seeds', '0', '0')
    assert '--seeds: 0 comes twice' in capsys.readouterr().err


def test_sizes_are_placed_by_their_shares(main, tmp_path):
    """A fraction with its count, and a count beside a fraction."""
    main('--sizes', '1/2=3', '2', '1/4', '--seeds', '0')
    header, _, row = (tmp_path / 'work/results.md').read_text().splitlines()
    assert header == '| method | 1/2=3 | 2 | 1/4 |'
    assert row.count('50.00') == 3


def test_a_data_set_of_a_config_that_imports(main, tmp_path):
    """What is trained has the paths of the classes, and is built of them."""
    path = tmp_path / 'data.py'
    text = path.read_text()
    for module, names in {
            'mmcv.transforms': 'LoadImageFromFile RandomFlip',
            'mmseg.datasets.transforms':
            'LoadAnnotations RandomCrop PhotoMetricDistortion PackSegInputs',
            'mmseg_ext.datasets': 'ToyStreetDataset SeededDataset'
    }.items():
        for name in names.split():
            assert f"type='{name}'" in text
            text = (f'from {module} import {name}\n' +
                    text.replace(f"type='{name}'", f'type={name}'))
    path.write_text(text)
    assert isinstance(
        Config.fromfile(path).train_dataloader.dataset.type, type)
    main('--methods', 'supervised', 'eln', '--sizes', '4', '--seeds', '0')
    for name in ('supervised', 'eln'):
        written = tmp_path / f'work/{name}_4_0/{name}.py'
        assert 'mmseg_ext.datasets.ToyStreetDataset' in written.read_text()
    cfg = Config.fromfile(written)
    sample = DATASETS.build(cfg.train_dataloader.dataset)[0]
    assert {'labeled', 'unlabeled_strong'} <= set(sample['inputs'])
