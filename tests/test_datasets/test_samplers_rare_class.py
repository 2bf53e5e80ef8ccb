import json
import pickle
from collections import Counter
from itertools import islice
from unittest.mock import patch

import cv2
import numpy as np
import pytest
from branch_data import CLASSES, labeled_config, unlabeled_config, write_images
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from mmseg_ext.datasets.class_counts import (ClassCounts, image_names,
                                             read_class_counts,
                                             write_class_counts)
from mmseg_ext.datasets.samplers import (MultiSourceSampler, WantedClass,
                                         multi_source_sampler)

# Pixels of sky, road and car in six images.
COUNTS = np.array([[900, 60, 0], [900, 90, 10], [500, 500, 0], [990, 0, 10],
                   [800, 190, 10], [1000, 0, 0]])
NAMES = tuple(f'{i:03d}' for i in range(6))


@pytest.fixture(autouse=True, scope='module')
def scope():
    init_default_scope('mmseg')


@pytest.fixture
def statistics(tmp_path):
    path = tmp_path / 'counts/class_counts.json'
    write_class_counts(str(path), ClassCounts(CLASSES, NAMES, COUNTS))
    return str(path)


@pytest.fixture
def dataset(tmp_path):
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations'),
        dict(type='RandomCrop', crop_size=(12, 12)),
        dict(type='PackSegInputs')
    ]
    return DATASETS.build(
        dict(
            type='MultiSourceDataset',
            source=labeled_config(
                write_images(tmp_path / 's', 6, True), pipeline),
            target=unlabeled_config(write_images(tmp_path / 't', 5))))


def make(dataset, statistics, sizes=(2, 3), rank=0, world_size=1, **kwargs):
    options = dict(
        statistics=statistics, temperature=0.5, min_pixels=50) | kwargs
    with patch.object(multi_source_sampler, 'get_dist_info', lambda:
                      (rank, world_size)):
        return MultiSourceSampler(
            dataset, sizes, seed=7, rare_class_sampling=dict(source=options))


def draws(sampler, count):
    indices = [(int(i), i.seed, i.wanted)
               for i in islice(sampler, count * sampler.batch_size)]
    size = sampler.batch_size
    return [indices[i:i + size] for i in range(0, len(indices), size)]


def test_counts_survive_the_file(statistics):
    found = read_class_counts(statistics)
    assert found.classes == CLASSES and found.names == NAMES
    assert (found.counts == COUNTS).all()


def test_probabilities_of_the_paper(dataset, statistics):
    """P(c) = softmax((1 - f_c) / T), then an image of the class."""
    batches = draws(make(dataset, statistics, min_pixels=5), 3000)
    drawn = [draw for batch in batches for draw in batch[:2]]
    share = COUNTS.sum(0) / COUNTS.sum()
    expected = np.exp((1 - share) / 0.5)
    expected /= expected.sum()
    found = Counter(wanted.class_id for _, _, wanted in drawn)
    for c in range(3):
        assert found[c] / len(drawn) == pytest.approx(expected[c], abs=0.03)
        images = Counter(i for i, _, w in drawn if w.class_id == c)
        shown = np.flatnonzero(COUNTS[:, c] > 5)
        assert sorted(images) == shown.tolist()
        for count in images.values():
            assert count / found[c] == pytest.approx(1 / len(shown), abs=0.05)
    assert drawn[0][2].min_pixels == 2.5 and drawn[0][2].max_tries == 10


def test_a_class_that_no_image_shows_is_not_drawn(dataset, statistics):
    batches = draws(make(dataset, statistics, min_pixels=50), 300)
    assert {w.class_id for b in batches for _, _, w in b[:2]} == {0, 1}


def test_other_sources_stay_as_they_are(dataset, statistics):
    plain = MultiSourceSampler(dataset, (2, 3), seed=7)
    rare = draws(make(dataset, statistics), 20)
    for one, other in zip(draws(plain, 20), rare):
        assert one[2:] == other[2:]
        assert all(wanted is None for _, _, wanted in other[2:])


def test_ranks_together_are_one_rank(dataset, statistics):
    whole = draws(make(dataset, statistics, (4, 2)), 20)
    parts = [
        draws(make(dataset, statistics, (2, 1), rank, 2), 20)
        for rank in range(2)
    ]
    for step, one in enumerate(whole):
        assert [d for part in parts for d in part[step][:2]] == one[:4]


def test_resumes_anywhere_at_once(dataset, statistics):
    first = make(dataset, statistics)
    straight = draws(first, 40)
    second = pickle.loads(pickle.dumps(make(dataset, statistics)))
    second.load_state_dict(first.state_dict(25))
    assert draws(second, 15) == straight[25:]
    # on its way to a worker
    index = pickle.loads(pickle.dumps(next(iter(first))))
    assert (int(index), index.seed, index.wanted) == straight[0][0]
    other = make(dataset, statistics, (1, 1))  # other batches
    other.load_state_dict(first.state_dict(25))
    assert [b[0] for b in draws(other, 30)
            ] == [d for b in straight[25:] for d in b[:2]]


def test_a_crop_without_the_class_is_drawn_anew(dataset, tmp_path):
    """Only the last rows of the label show the class."""
    label = np.zeros((40, 50), np.uint8)
    label[30:] = 2
    cv2.imwrite(str(tmp_path / 's/ann/000.png'), label)

    def crop(seed, wanted):
        index = type('Index', (int, ), {})(0)
        index.seed, index.wanted = seed, wanted
        sample = dataset[index]['data_samples']['source']
        return (sample.gt_sem_seg.data == 2).sum().item()

    plain = [crop(seed, None) for seed in range(30)]
    wanted = [crop(seed, WantedClass(2, 20, 10)) for seed in range(30)]
    assert sum(count > 20 for count in plain) < 20
    assert sum(count > 20 for count in wanted) >= 28
    assert wanted == [crop(seed, WantedClass(2, 20, 10)) for seed in range(30)]
    # one try is the plain crop
    assert plain == [crop(seed, WantedClass(2, 20, 1)) for seed in range(30)]


def test_single_source(tmp_path, statistics):
    dataset = DATASETS.build(
        dict(
            type='SeededDataset',
            dataset=labeled_config(write_images(tmp_path / 's', 6, True))))
    assert image_names(dataset.dataset) == list(NAMES)
    sampler = MultiSourceSampler(
        dataset,
        4,
        seed=0,
        rare_class_sampling=dict(
            dataset=dict(statistics=statistics, min_pixels=5)))
    index = next(iter(sampler))
    assert index.wanted is not None
    assert dataset[index]['data_samples'].gt_sem_seg is not None


@pytest.mark.parametrize('kwargs, message', [
    (dict(temperature=0), 'source.temperature is out'),
    (dict(min_crop_ratio=2), 'source.min_crop_ratio is out'),
    (dict(max_tries=0), 'source.max_tries is out'),
    (dict(min_pixels=10000), 'no image has as many pixels'),
])
def test_refuses_wrong_options(dataset, statistics, kwargs, message):
    with pytest.raises(ValueError, match=message):
        make(dataset, statistics, **kwargs)


def test_refuses_an_unknown_source(dataset, statistics):
    with pytest.raises(ValueError, match="has the source 'labeled'"):
        MultiSourceSampler(
            dataset, (2, 3),
            rare_class_sampling=dict(labeled=dict(statistics=statistics)))
    with pytest.raises(ValueError, match='needs a data set with classes'):
        MultiSourceSampler(
            dataset, (2, 3),
            rare_class_sampling=dict(target=dict(statistics=statistics)))


def test_refuses_foreign_statistics(dataset, tmp_path):
    path = tmp_path / 'foreign.json'
    with pytest.raises(FileNotFoundError, match='foreign.json, which does'):
        make(dataset, str(path))
    path.write_text('{"version": 1, "classes": ["sky"]')
    with pytest.raises(ValueError, match='holds no class counts'):
        make(dataset, str(path))
    write_class_counts(str(path), ClassCounts(CLASSES, NAMES[1:], COUNTS[1:]))
    with pytest.raises(ValueError, match="no counts of the image '000'"):
        make(dataset, str(path))
    write_class_counts(
        str(path), ClassCounts(CLASSES[:2], NAMES, COUNTS[:, :2]))
    with pytest.raises(ValueError, match="no counts of the class 'car'"):
        make(dataset, str(path))
    assert json.loads(path.read_text())['classes'] == ['sky', 'road']
