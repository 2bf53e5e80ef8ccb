import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import EMAHook

from mmseg_ext.models.utils.image_pool import ImagePool


def numbered(*numbers):
    return torch.tensor(numbers, dtype=torch.float32)[:, None, None, None]


def test_gives_back_the_first_ones():
    pool = ImagePool(5)
    for i in range(5):
        assert pool.query(numbered(i)).item() == i
    assert pool.images.flatten().tolist() == [0, 1, 2, 3, 4]


def test_half_of_the_later_ones_are_old():
    torch.manual_seed(0)
    pool = ImagePool(50)
    pool.query(numbered(*range(50)))
    old, stored = 0, set(range(50))
    for i in range(50, 10050):
        shown = int(pool.query(numbered(i)).item())
        if shown != i:
            old += 1
            # it has left, the new one has taken its place
            stored = stored - {shown} | {i}
    assert old / 10000 == pytest.approx(0.5, abs=0.02)
    assert set(pool.images.flatten().int().tolist()) == stored
    assert len(stored) == 50


def test_a_batch_is_that_many_single_images():
    """Swap after swap, though a place is drawn twice in a batch."""
    pool = ImagePool(1)
    pool.query(numbered(0))
    for first in range(1, 101, 5):
        before = pool.images.item()
        numbers = list(range(first, first + 5))
        shown = pool.query(numbered(*numbers)).flatten().tolist()
        # what leaves is what came last
        for number, old in zip(numbers, shown):
            assert old in (number, before)
            if old != number:
                before = number
        assert pool.images.item() == before


def test_goes_on_with_the_random_numbers():
    torch.manual_seed(0)
    pool = ImagePool(4)
    for i in range(10):
        pool.query(numbered(i))
    other = ImagePool(4)
    other.load_state_dict(pool.state_dict())
    for i in range(10, 30):
        torch.manual_seed(i)  # of no account
        assert torch.equal(pool.query(numbered(i)), other.query(numbered(i)))


def test_holds_no_graph_and_no_view():
    pool = ImagePool(1)
    image = torch.ones(1, 1, 2, 2, requires_grad=True)
    shown = pool.query(image * 2)
    assert not shown.requires_grad and not pool.images.requires_grad
    shown.zero_()
    assert pool.images.unique().item() == 2


def test_size_zero_stores_nothing():
    pool = ImagePool(0)
    shown = pool.query(numbered(7).requires_grad_())
    assert shown.item() == 7 and not shown.requires_grad
    assert not len(pool.images)
    with pytest.raises(ValueError, match='pool_size must not be negative'):
        ImagePool(-1)


def test_checkpoint_of_any_fill():
    pool = ImagePool(4)
    pool.query(torch.randn(3, 3, 4, 4))
    other = ImagePool(4)
    other.load_state_dict(pool.state_dict())
    assert torch.equal(other.images, pool.images)
    smaller = ImagePool(2)
    smaller.load_state_dict(pool.state_dict())
    assert torch.equal(smaller.images, pool.images[:2])
    smaller.load_state_dict({})  # weights without a pool
    assert len(smaller.images) == 2


@pytest.mark.parametrize(
    'options',
    [{}, dict(begin_iter=2), dict(update_buffers=True)])
def test_an_average_of_the_model(options):
    """``EMAHook`` copies buffers or states, which must not grow."""
    pool = ImagePool(4)
    hook = EMAHook(**options)
    runner = SimpleNamespace(model=pool, iter=0, epoch=0, message_hub=None)
    hook.before_run(runner)
    for runner.iter in range(4):
        pool.query(torch.randn(3, 3, 4, 4))
        hook.after_train_iter(runner, runner.iter)
    assert 'images' in pool.state_dict()


def test_other_crops_start_a_new_pool():
    pool = ImagePool(2)
    pool.query(torch.randn(2, 3, 4, 4))
    new = torch.randn(1, 3, 8, 8)
    assert torch.equal(pool.query(new), new) and len(pool.images) == 1


def test_two_ranks_share_one_pool(tmp_path):
    """Together they show what one rank with both batches would."""
    script = Path(__file__).with_name('image_pool_rank.py')
    env = dict(os.environ, PYTHONPATH=str(script.parents[3]))
    ranks = [
        subprocess.Popen([
            sys.executable, script,
            str(rank), tmp_path / 'store', tmp_path / 'rank'
        ],
                         env=env) for rank in range(2)
    ]
    assert [rank.wait(timeout=120) for rank in ranks] == [0, 0]
    found = [torch.load(tmp_path / f'rank{rank}.pth') for rank in range(2)]
    torch.manual_seed(0)
    pool = ImagePool(3)
    for i in range(8):
        expected = pool.query(torch.arange(4. * i, 4 * i + 4))
        both = torch.cat([rank['shown'][i] for rank in found])
        assert torch.equal(both, expected)
    for rank in found:
        for key, value in pool.state_dict().items():
            assert torch.equal(rank['state'][key], value)
