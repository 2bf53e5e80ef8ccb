import math

import pytest
import torch

from mmseg_ext.models.explainers import average_maps, normalise_map, to_deciles


def brute_force_deciles(scores):
    """The rank of every pixel by comparing it with every other one."""
    flat = scores.flatten().tolist()
    number = len(flat)
    levels = [
        10 * sum(other < own or (other == own and j < i)
                 for j, other in enumerate(flat)) // number
        for i, own in enumerate(flat)
    ]
    return torch.tensor(levels, dtype=torch.uint8).view(scores.shape)


@pytest.mark.parametrize('shape', [(10, 10), (17, 59), (3, 4), (1, 1)])
def test_deciles_equal_brute_force(shape):
    torch.manual_seed(0)
    for scores in (torch.rand(shape), torch.randint(0, 4, shape).float()):
        assert torch.equal(to_deciles(scores), brute_force_deciles(scores))


def test_sizes_of_deciles():
    levels = to_deciles(torch.rand(10, 10))
    assert torch.bincount(levels.flatten().long()).tolist() == [10] * 10
    assert (to_deciles(torch.rand(17, 59)) == 9).sum() == 100
    for number in (11, 101, 999):
        top = (to_deciles(torch.rand(1, number)) == 9).sum()
        assert top == number - math.ceil(0.9 * number)


def test_deciles_of_an_increasing_function():
    scores = torch.rand(13, 21, dtype=torch.float64)
    levels = to_deciles(scores)
    assert torch.equal(to_deciles(scores.exp() * 100 - 3), levels)
    assert torch.equal(to_deciles(scores**3), levels)


def test_ties_go_by_place():
    assert to_deciles(torch.zeros(1, 10)).tolist() == [list(range(10))]


def test_consensus_equals_brute_force():
    torch.manual_seed(0)
    maps = [torch.rand(4, 6) * 10**i for i in range(-2, 3)]
    mean = torch.zeros(4, 6)
    for values in maps:
        low, high = min(values.flatten()), max(values.flatten())
        for y in range(4):
            for x in range(6):
                mean[y, x] += (values[y, x] - low) / (high - low) / len(maps)
    found = average_maps([normalise_map(values) for values in maps])
    assert torch.allclose(found, mean, atol=1e-6)


def test_loud_classifier_only_counts_without_normalisation():
    torch.manual_seed(0)
    maps = [torch.rand(8, 8) for _ in range(3)]
    loud = [maps[0] * 1000, *maps[1:]]
    for mode, same in (('minmax', True), ('l2', True), ('percentile', True),
                       ('none', False)):
        one, other = (
            average_maps([normalise_map(x, mode) for x in group])
            for group in (maps, loud))
        assert torch.allclose(one, other, atol=1e-6) == same, mode


def test_percentile_cuts_off():
    values = torch.arange(1001.)
    values[-1] = 1e6
    assert normalise_map(values)[900] < 0.001
    assert normalise_map(values, 'percentile')[900] == pytest.approx(900 / 990)


def test_tiny_gradients_survive():
    values = torch.rand(5, 5) * 1e-30
    for mode in ('minmax', 'l2'):
        normal = normalise_map(values, mode)
        assert torch.allclose(normal, normalise_map(values * 1e30, mode))


def test_dead_maps():
    for constant in (0., 2., float('nan')):
        assert normalise_map(torch.full((3, 3), constant)) is None
    assert average_maps([None, None]) is None
    # the dead one counts as zero
    assert torch.equal(
        average_maps([None, torch.ones(2, 2)]), torch.full((2, 2), 0.5))
