import pytest
import torch

from mmseg_ext.models.utils.random_streams import random_numbers_apart


def test_the_stream_goes_on_as_if_nothing_had_been_drawn():
    torch.manual_seed(1)
    expected = torch.rand(4)
    torch.manual_seed(1)
    first = torch.rand(2)
    with random_numbers_apart():
        apart = torch.rand(4)
    assert torch.equal(torch.cat([first, torch.rand(2)]), expected)
    assert not set(apart.tolist()) & set(expected.tolist())


def test_the_other_stream_follows_the_seed():
    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        torch.rand(seed)  # wherever the first stream stands
        with random_numbers_apart():
            drawn.append(torch.rand(3).tolist())
    assert drawn[0] == drawn[1] != drawn[2]


def test_the_stream_comes_back_after_an_error():
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    with pytest.raises(KeyError), random_numbers_apart():
        raise KeyError
    assert torch.equal(torch.rand(1), expected)
