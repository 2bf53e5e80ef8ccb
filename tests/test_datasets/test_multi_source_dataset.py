import pickle
import random

import numpy as np
import pytest
import torch
from branch_data import (LOAD, labeled_config, multi_source_config,
                         unlabeled_config, write_images)
from mmcv.transforms import BaseTransform
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import DATASETS

from mmseg_ext.datasets.samplers import SeededIndex

BRANCHES = ('labeled', 'unlabeled', 'unlabeled_strong')


@pytest.fixture(autouse=True, scope='module')
def scope():
    init_default_scope('mmseg')


@pytest.fixture(scope='module')
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp('data')
    return (write_images(root / 'labeled', 5,
                         True), write_images(root / 'unlabeled', 7, seed=1))


@pytest.fixture(scope='module')
def dataset(folders):
    return DATASETS.build(multi_source_config(*folders))


def random_states():
    return (random.getstate()[1], np.random.get_state()[1].tolist(),
            torch.get_rng_state().tolist())


def test_samples_have_every_branch(dataset):
    assert dataset.branches == BRANCHES
    assert dataset.source_lengths == dict(labeled=5, unlabeled=7)
    assert len(dataset) == 12
    for index, filled in ((4, BRANCHES[:1]), (5, BRANCHES[1:])):
        sample = dataset[index]
        for key in ('inputs', 'data_samples'):
            assert tuple(sample[key]) == BRANCHES
            assert tuple(k for k, v in sample[key].items()
                         if v is not None) == filled


def test_labels_only_where_there_are_labels(dataset):
    assert 'gt_sem_seg' in dataset[0]['data_samples']['labeled']
    for branch in BRANCHES[1:]:
        assert 'gt_sem_seg' not in dataset[7]['data_samples'][branch]


def test_views_share_geometry_and_mask(dataset):
    for seed in range(20):
        sample = dataset[SeededIndex(8, seed)]
        weak, strong = (sample['data_samples'][b] for b in BRANCHES[1:])
        assert weak.img_path == strong.img_path
        assert weak.flip == strong.flip
        assert torch.equal(weak.valid_mask.data, strong.valid_mask.data)
        images = [sample['inputs'][b].float() for b in BRANCHES[1:]]
        assert images[0].shape == images[1].shape == (3, 32, 32)


def test_strong_view_differs_from_the_weak(dataset):
    sample = dataset[SeededIndex(8, 0)]['inputs']
    assert not torch.equal(sample['unlabeled'], sample['unlabeled_strong'])


def test_labeled_comes_first_however_the_config_is_ordered(folders):
    config = multi_source_config(*folders)
    config = dict(
        type=config['type'],
        unlabeled=config['unlabeled'],
        labeled=config['labeled'])
    dataset = DATASETS.build(config)
    assert list(dataset.source_lengths) == ['labeled', 'unlabeled']
    assert dataset.locate(0) == ('labeled', 0)
    assert dataset.locate(11) == ('unlabeled', 6)
    assert dataset.get_data_info(5)['img_path'].endswith(
        'unlabeled/img/000.png')


def test_ends_at_its_end(dataset):
    with pytest.raises(IndexError):
        dataset[12]
    with pytest.raises(IndexError):
        dataset[-1]


def test_none_leaves_a_source_out(folders):
    config = multi_source_config(*folders) | dict(unlabeled=None)
    assert DATASETS.build(config).branches == ('labeled', )


def test_metainfo_is_that_of_the_source_with_classes(dataset):
    assert dataset.metainfo['classes'] == ('sky', 'road', 'car')
    dataset.metainfo['classes'] = ()
    assert dataset.metainfo['classes']


def test_seed_decides_the_augmentation_and_nothing_else(dataset):
    random.seed(0), np.random.seed(0), torch.manual_seed(0)
    before = random_states()
    one = dataset[SeededIndex(6, 5)]['inputs']['unlabeled_strong']
    assert random_states() == before
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    again = dataset[SeededIndex(6, 5)]['inputs']['unlabeled_strong']
    other = dataset[SeededIndex(6, 6)]['inputs']['unlabeled_strong']
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def load_batches(dataset, num_workers, count=4, **kwargs):
    loader = Runner.build_dataloader(
        dict(
            dataset=dataset,
            batch_size=kwargs.pop('batch_size', 5),
            num_workers=num_workers,
            sampler=kwargs.pop('sampler'),
            **kwargs))
    iterator = iter(loader)
    return [next(iterator) for _ in range(count)]


def sampler_of(dataset, sizes=dict(labeled=2, unlabeled=3)):
    from mmseg_ext.datasets.samplers import MultiSourceSampler
    return MultiSourceSampler(dataset, sizes, seed=3)


def assert_equal_batches(one, two):
    for a, b in zip(one, two):
        for branch in BRANCHES:
            for x, y in zip(a['inputs'][branch], b['inputs'][branch]):
                assert (x is None) == (y is None)
                assert x is None or torch.equal(x, y)


@pytest.mark.parametrize('num_workers', [1, 2])
def test_workers_do_not_change_the_data(dataset, num_workers):
    torch.manual_seed(0)
    alone = load_batches(dataset, 0, sampler=sampler_of(dataset))
    torch.manual_seed(1)
    workers = load_batches(dataset, num_workers, sampler=sampler_of(dataset))
    assert_equal_batches(alone, workers)


def test_spawned_workers_do_not_change_the_data(dataset):
    alone = load_batches(dataset, 0, 2, sampler=sampler_of(dataset))
    spawned = load_batches(
        dataset,
        1,
        2,
        sampler=sampler_of(dataset),
        multiprocessing_context='spawn')
    assert_equal_batches(alone, spawned)


def test_seeded_dataset_gives_ordinary_batches_the_same_property(folders):
    config = dict(type='SeededDataset', dataset=labeled_config(folders[0]))
    dataset = DATASETS.build(config)
    assert len(dataset) == 5
    assert dataset.metainfo['classes'] == ('sky', 'road', 'car')
    with pytest.raises(IndexError):
        dataset[5]
    one, two = (
        load_batches(
            dataset, workers, 6, batch_size=2, sampler=sampler_of(dataset, 2))
        for workers in (0, 2))
    flips = set()
    for a, b in zip(one, two):
        for x, y in zip(a['inputs'], b['inputs']):
            assert torch.equal(x, y)
        flips |= {s.flip for s in a['data_samples']}
    assert flips == {True, False}


def test_pickles(dataset):
    copy = pickle.loads(pickle.dumps(dataset))
    index = SeededIndex(9, 4)
    assert torch.equal(copy[index]['inputs']['unlabeled_strong'],
                       dataset[index]['inputs']['unlabeled_strong'])


def test_sources_may_be_wrapped(folders):
    repeated = dict(
        type='RepeatDataset', times=3, dataset=unlabeled_config(folders[1]))
    both = dict(
        type='ConcatDataset',
        datasets=[labeled_config(folders[0]),
                  labeled_config(folders[0])])
    dataset = DATASETS.build(
        dict(type='MultiSourceDataset', labeled=both, unlabeled=repeated))
    assert dataset.branches == BRANCHES
    assert dataset.source_lengths == dict(labeled=10, unlabeled=21)
    assert dataset[30]['inputs']['unlabeled'] is not None


def test_refuses_an_empty_source(folders, tmp_path):
    (tmp_path / 'img').mkdir()
    config = multi_source_config(folders[0], tmp_path)
    with pytest.raises(
            ValueError, match=r'dataset\.unlabeled has no image; check'):
        DATASETS.build(config)


def test_refuses_a_missing_split_file(folders):
    config = multi_source_config(*folders)
    config['labeled']['ann_file'] = 'splits/none.txt'
    with pytest.raises(
            FileNotFoundError, match=r'dataset\.labeled: .*splits/none\.txt'):
        DATASETS.build(config)


def test_refuses_no_source():
    with pytest.raises(ValueError, match='no source'):
        DATASETS.build(dict(type='MultiSourceDataset', labeled=None))


def test_refuses_other_classes(folders):
    config = multi_source_config(*folders)
    config['unlabeled']['metainfo'] = dict(
        classes=('sky', 'road', 'bus'), palette=[[0, 0, 0]] * 3)
    with pytest.raises(ValueError, match='different classes: .*bus'):
        DATASETS.build(config)


def test_names_a_broken_image(folders, tmp_path):
    root = write_images(tmp_path, 2)
    (root / 'img' / '001.png').write_bytes(b'no picture')
    dataset = DATASETS.build(multi_source_config(folders[0], root))
    message = (r'dataset\.unlabeled: the image .*001\.png \(sample 1\) is '
               'broken or not an image')
    with pytest.raises(RuntimeError, match=message):
        dataset[6]
    # ... from a worker, too
    sampler = [SeededIndex(6, 0)]
    with pytest.raises(RuntimeError, match=message):
        load_batches(dataset, 1, 1, batch_size=1, sampler=sampler)


def test_names_a_broken_label_and_a_missing_image(tmp_path, folders):
    root = write_images(tmp_path, 3, True)
    config = multi_source_config(root, folders[1])
    dataset = DATASETS.build(config)
    (root / 'ann' / '001.png').write_bytes(b'')
    (root / 'img' / '002.png').unlink()
    with pytest.raises(
            RuntimeError,
            match=r'labeled: the label .*ann/001\.png .* is an empty file'):
        dataset[1]
    with pytest.raises(
            RuntimeError,
            match=r'labeled: the image .*img/002\.png .* does not exist'):
        dataset[2]


def test_tells_the_sample_where_the_files_are_fine(folders):
    pipeline = [LOAD, dict(type='SegRescale'), broken_transform]
    config = multi_source_config(*folders)
    config['labeled'] = labeled_config(folders[0], pipeline)
    dataset = DATASETS.build(config)
    with pytest.raises(
            RuntimeError, match=r'sample 3 .*003\.png.*ZeroDivisionError'):
        dataset[3]


def broken_transform(results):
    return 1 / 0


def pipeline_error(folders, *transforms):
    config = multi_source_config(*folders)
    config['unlabeled'] = unlabeled_config(
        folders[1], shared=[LOAD, dict(type='AddValidMask'), *transforms])
    with pytest.raises(ValueError) as error:
        DATASETS.build(config)
    return str(error.value)


def test_refuses_a_pad_that_would_lose_the_mask(folders):
    pad = dict(type='Pad', size=(64, 64))
    message = pipeline_error(folders, pad, dict(type='RandomFlip', prob=0.5))
    assert 'dataset.unlabeled.pipeline has Pad ahead of RandomFlip' in message
    assert 'PadSegFields' in message


def test_refuses_a_crop_that_needs_labels(folders):
    crop = dict(type='RandomCrop', crop_size=(32, 32), cat_max_ratio=0.75)
    message = pipeline_error(folders, crop)
    assert 'cat_max_ratio=0.75' in message and 'set cat_max_ratio=1' in message


class ReadMasks(BaseTransform):
    """A loader of labels whose name does not tell."""

    def transform(self, results):
        height, width = results['img'].shape[:2]
        results['gt_seg_map'] = np.zeros((height, width), np.uint8)
        results['seg_fields'].append('gt_seg_map')
        return results


def test_takes_a_crop_behind_a_loader_of_the_users_own(folders):
    crop = dict(type='RandomCrop', crop_size=(32, 32), cat_max_ratio=0.75)
    config = multi_source_config(*folders)
    config['unlabeled'] = unlabeled_config(
        folders[1],
        shared=[LOAD,
                dict(type='AddValidMask'),
                dict(type=ReadMasks), crop])
    sample = DATASETS.build(config)[5]
    assert sample['inputs']['unlabeled'].shape[-2:] == (32, 32)
