import pickle
import time

import numpy as np
import pytest

from mmseg_ext.datasets.samplers import SourceOrder


def draw(order, count, start=0):
    return [order[p] for p in range(start, start + count)]


@pytest.mark.parametrize('length', [1, 2, 3, 7, 8, 46, 100])
@pytest.mark.parametrize('batch_size', [1, 2, 3, 4, 6, 8, 16])
def test_each_epoch_holds_each_image_once(length, batch_size):
    order = SourceOrder(length, batch_size, 'labeled', seed=3)
    for epoch in range(2 * batch_size + 1):
        images = draw(order, length, epoch * length)
        assert sorted(images) == list(range(length)), f'epoch {epoch}'


@pytest.mark.parametrize(
    'length, batch_size',
    [(length, batch_size) for length in (3, 5, 7, 8, 9, 10, 23, 46, 100)
     for batch_size in (2, 3, 4, 5, 6, 8, 9, 16) if batch_size <= length])
def test_no_image_twice_in_a_batch(length, batch_size):
    order = SourceOrder(length, batch_size, 'labeled', seed=5)
    for batch in range(40 * length // batch_size):
        images = draw(order, batch_size, batch * batch_size)
        assert len(set(images)) == batch_size, f'batch {batch}: {images}'


def test_repeats_where_the_source_is_smaller_than_the_batch():
    order = SourceOrder(3, 8, 'labeled', seed=0)
    images = draw(order, 8)
    assert sorted(images[:3]) == sorted(images[3:6]) == [0, 1, 2]


def test_order_depends_on_seed_name_and_epoch():
    base = draw(SourceOrder(50, 2, 'a', seed=0), 100)
    assert base[:50] != base[50:]
    assert base != draw(SourceOrder(50, 2, 'b', seed=0), 100)
    assert base != draw(SourceOrder(50, 2, 'a', seed=1), 100)
    assert base == draw(SourceOrder(50, 2, 'a', seed=0), 100)


def test_is_frozen_across_versions():
    # A change here breaks the resume of every checkpoint.
    assert draw(SourceOrder(8, 2, 'labeled', seed=0),
                8) == [5, 4, 3, 6, 7, 2, 0, 1]


def test_every_image_is_first_equally_often():
    # The correction at the joints must not prefer some images.
    order = SourceOrder(6, 2, 'a', seed=0)
    counts = np.bincount([order[6 * e] for e in range(3000)], minlength=6)
    assert counts.min() > 400 and counts.max() < 600, counts


def test_large_order_does_not_depend_on_the_batch():
    assert draw(SourceOrder(60, 2, 'a', seed=0),
                300) == draw(SourceOrder(60, 16, 'a', seed=0), 300)


def test_start_goes_on_in_a_large_source():
    whole = draw(SourceOrder(60, 4, 'a', seed=0), 300)
    assert draw(SourceOrder(60, 6, 'a', seed=0, start=77),
                200) == whole[77:277]


def test_start_goes_to_the_next_epoch_in_a_small_source():
    order = SourceOrder(8, 6, 'a', seed=0, start=13)
    assert order.start == 16
    for epoch in range(20):
        assert sorted(draw(order, 8, epoch * 8)) == list(range(8))
    for batch in range(100):
        assert len(set(draw(order, 6, batch * 6))) == 6


def test_without_shuffle_counts():
    order = SourceOrder(3, 2, 'a', seed=0, shuffle=False)
    assert draw(order, 7) == [0, 1, 2, 0, 1, 2, 0]


def test_far_position_costs_no_more_than_a_near_one():
    order = SourceOrder(10000, 16, 'a', seed=0)
    start = time.perf_counter()
    assert 0 <= order[10**12] < 10000
    small = SourceOrder(10, 7, 'a', seed=0)
    assert 0 <= small[10**12] < 10
    assert time.perf_counter() - start < 0.5


def test_pickles():
    order = SourceOrder(20, 4, 'a', seed=0)
    images = draw(order, 60)
    assert draw(pickle.loads(pickle.dumps(order)), 60) == images


@pytest.mark.parametrize('length', [3, 6, 7, 9, 12, 30])
def test_large_source_never_comes_twice_within_its_spacing(length):
    order = SourceOrder(length, 1, 'a', seed=0)
    images = draw(order, 200 * length)
    for i in range(len(images) - length // 3):
        window = images[i:i + length // 3 + 1]
        assert len(set(window)) == len(window), f'position {i}'
