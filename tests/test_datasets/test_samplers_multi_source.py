import pickle
import random
import time
from itertools import islice
from unittest.mock import patch

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub

from mmseg_ext.datasets.samplers import (MultiSourceSampler, SeededIndex,
                                         hash_seed, multi_source_sampler,
                                         seeded)


class Sources:
    """What the sampler needs of a data set."""

    def __init__(self, **lengths):
        self.source_lengths = lengths

    def __len__(self):
        return sum(self.source_lengths.values())


def make(dataset, sizes, rank=0, world_size=1, seed=7, **kwargs):
    with patch.object(multi_source_sampler, 'get_dist_info', lambda:
                      (rank, world_size)):
        return MultiSourceSampler(dataset, sizes, seed=seed, **kwargs)


def batches(sampler, count):
    indices = [(int(i), i.seed)
               for i in islice(sampler, count * sampler.batch_size)]
    size = sampler.batch_size
    return [indices[i:i + size] for i in range(0, len(indices), size)]


DATA = Sources(labeled=9, unlabeled=31)


def test_fixed_count_of_each_source_in_order():
    for batch in batches(make(DATA, dict(unlabeled=3, labeled=2)), 50):
        indices = [i for i, _ in batch]
        assert all(i < 9 for i in indices[:2])
        assert all(9 <= i < 40 for i in indices[2:])
        assert len(set(indices)) == 5


def test_sizes_by_order_equal_sizes_by_name():
    assert batches(make(DATA, (2, 3)),
                   9) == batches(make(DATA, dict(unlabeled=3, labeled=2)), 9)


@pytest.mark.parametrize('world_size', [2, 3])
def test_ranks_together_are_one_rank(world_size):
    whole = batches(make(DATA, (2 * world_size, 3 * world_size)), 40)
    parts = [
        batches(make(DATA, (2, 3), rank, world_size), 40)
        for rank in range(world_size)
    ]
    for step, one in enumerate(whole):
        labeled = [i for part in parts for i in part[step][:2]]
        unlabeled = [i for part in parts for i in part[step][2:]]
        assert labeled + unlabeled == one, f'step {step}'


def test_starts_anywhere_at_once():
    straight = batches(make(DATA, (2, 3), 1, 2), 60)
    sampler = make(DATA, (2, 3), 1, 2)
    sampler.set_start_batch(37)
    assert batches(sampler, 23) == straight[37:]
    start = time.perf_counter()
    sampler.set_start_batch(10**10)
    next(iter(sampler))
    assert time.perf_counter() - start < 0.1


def test_iterating_again_starts_at_the_same_batch():
    sampler = make(DATA, (2, 3))
    sampler.set_start_batch(4)
    assert batches(sampler, 3) == batches(sampler, 3)


def test_seed_changes_order_and_augmentation():
    one, two = (batches(make(DATA, (2, 3), seed=s), 5) for s in (0, 1))
    assert [[i for i, _ in b] for b in one] != [[i for i, _ in b] for b in two]
    assert not {s for b in one for _, s in b} & {s for b in two for _, s in b}
    sampler = make(DATA, (2, 3), seed=0)
    sampler.set_seed(1)
    assert batches(sampler, 5) == two


def test_each_draw_has_its_own_seed():
    seeds = [s for b in batches(make(DATA, (2, 3)), 100) for _, s in b]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_ranks_draw_their_own_seed_only_once():
    with patch.object(multi_source_sampler, 'sync_random_seed', lambda: 7):
        assert batches(make(DATA, (2, 3), seed=None),
                       3) == batches(make(DATA, (2, 3), seed=7), 3)


def test_resume_with_another_world_size_draws_each_image_once():
    data = Sources(labeled=30, unlabeled=100)
    first = [make(data, (2, 3), rank, 4) for rank in range(4)]
    drawn = [i for s in first for b in batches(s, 7) for i, _ in b]
    second = [make(data, (2, 3), rank, 3) for rank in range(3)]
    for sampler in second:
        sampler.set_consumed(first[0].consumed(7))
    assert first[0].consumed(7) == dict(labeled=56, unlabeled=84)
    drawn += [i for s in second for b in batches(s, 4) for i, _ in b]
    # 56 + 24 labelled draws are 2 epochs and 20; 84 + 36 are 1 epoch and 20.
    counts = [drawn.count(i) for i in range(130)]
    assert sorted(counts[:30]) == [2] * 10 + [3] * 20
    assert sorted(counts[30:]) == [1] * 80 + [2] * 20


def test_seeds_go_on_with_another_world_size():
    data = Sources(labeled=30, unlabeled=100)
    straight = batches(make(data, (1, 1)), 60)
    resumed = make(data, (3, 2))
    resumed.set_consumed(dict(labeled=5, unlabeled=20))
    later = [batch for batch in batches(resumed, 10)]
    labeled = [draw for batch in later for draw in batch[:3]]
    unlabeled = [draw for batch in later for draw in batch[3:]]
    assert labeled == [batch[0] for batch in straight[5:35]]
    assert unlabeled == [batch[1] for batch in straight[20:40]]


def test_resume_with_the_same_batches_is_exact():
    straight = batches(make(DATA, (2, 3), 1, 2), 50)
    sampler = make(DATA, (2, 3), 1, 2)
    sampler.set_consumed(sampler.consumed(20))
    assert batches(sampler, 30) == straight[20:]
    # two ranks with half the batch are one rank with the whole
    whole = make(DATA, (4, 6))
    whole.set_consumed(sampler.consumed(20))
    assert batches(whole, 30) == batches(make(DATA, (4, 6)), 50)[20:]


def test_state_survives_two_resumes():
    data = Sources(labeled=8, unlabeled=31)  # labelled: order by batch
    first = make(data, (5, 3))
    second = make(data, (2, 4), seed=99)
    second.load_state_dict(first.state_dict(7))
    straight = batches(second, 40)
    third = make(data, (2, 4), seed=98)
    third.load_state_dict(second.state_dict(11))
    assert batches(third, 29) == straight[11:]


def test_single_source():
    data = list(range(11))
    sampler = make(data, 4)
    assert sampler.batch_size == 4
    drawn = [i for b in batches(sampler, 11) for i, _ in b]
    assert sorted(drawn) == sorted(list(range(11)) * 4)
    assert isinstance(next(iter(sampler)), SeededIndex)


def test_single_source_takes_the_loaders_batch_size():
    sampler = make(list(range(11)), None)
    with pytest.raises(RuntimeError, match='source_sizes is None'):
        sampler.set_start_batch(3)
    sampler.bind_batch_size(4)
    straight = batches(sampler, 10)
    sampler.set_start_batch(3)
    assert batches(sampler, 7) == straight[3:]
    assert sampler.consumed(3) == dict(dataset=12)


def test_length_is_a_pass_of_the_longest_source():
    assert len(make(DATA, (2, 3))) == 11 * 5  # ceil(31 / 3) batches
    assert len(make(DATA, (1, 3), 0, 2)) == 6 * 4  # ceil(31 / 6)
    assert len(make(DATA, (1, 8))) == 9 * 9  # 9 labelled one at a time


def test_a_source_may_be_left_out():
    for batch in batches(make(DATA, dict(labeled=2, unlabeled=0)), 9):
        assert len(batch) == 2 and all(i < 9 for i, _ in batch)


@pytest.mark.parametrize('sizes, message', [
    (None, 'source_sizes is not set'),
    (dict(labeled=2), r"has the sources \['labeled'\]"),
    ((2, 3, 4), 'has 3 sizes'),
    (4, 'has 1 sizes'),
    ((0, 0), 'not all 0'),
    ((2, -1), r"got \{'unlabeled': -1\}"),
    ((2, 1.5), r"got \{'unlabeled': 1.5\}"),
])
def test_refuses_wrong_sizes(sizes, message):
    with pytest.raises(ValueError, match=message):
        make(DATA, sizes)


def test_refuses_another_batch_size_of_the_loader():
    sampler = make(DATA, (2, 3))
    sampler.bind_batch_size(5)
    with pytest.raises(ValueError, match='set batch_size=5'):
        sampler.bind_batch_size(4)


def test_refuses_counts_of_other_sources():
    with pytest.raises(ValueError, match="'target'"):
        make(DATA, (2, 3)).set_consumed(dict(source=1, target=2))


def test_pickles():
    sampler = make(DATA, (2, 3))
    copy = pickle.loads(pickle.dumps(sampler))
    assert batches(copy, 5) == batches(sampler, 5)
    index = pickle.loads(pickle.dumps(SeededIndex(4, 11)))
    assert index == 4 and index.seed == 11 and type(index) is SeededIndex


@pytest.mark.parametrize(
    'draw', [random.random, np.random.rand, lambda: torch.rand(1).item()])
def test_seeded_seeds_every_generator_and_gives_it_back(draw):
    draw()
    with seeded(5):
        one = draw()
    with seeded(6):
        two = draw()
    with seeded(5):
        assert draw() == one != two
    random.seed(0), np.random.seed(0), torch.manual_seed(0)
    expected = draw()
    random.seed(0), np.random.seed(0), torch.manual_seed(0)
    with pytest.raises(KeyError), seeded(5):
        raise KeyError
    with seeded(None):
        pass
    assert draw() == expected


def test_hash_is_the_same_on_every_machine():
    assert hash_seed(0, 'labeled', 'epoch', 3) == 2362684203
    assert hash_seed(1, 23) != hash_seed(12, 3)


def test_a_loop_in_epochs_is_refused():
    """It would never come to the end of one."""
    hub = MessageHub.get_instance('epochs')
    hub.update_info('max_epochs', 3)
    with pytest.raises(ValueError, match='train_cfg counts 3 epochs'):
        next(iter(make(DATA, dict(labeled=1, unlabeled=1))))
    hub.update_info('max_epochs', 1)
    next(iter(make(DATA, dict(labeled=1, unlabeled=1))))
