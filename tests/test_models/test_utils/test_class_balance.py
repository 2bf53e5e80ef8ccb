import pytest
import torch

from mmseg_ext.models.utils.class_balance import (best_of_each_class,
                                                  inverse_acceptance)


def test_inverse_acceptance():
    labels = torch.tensor([[[0, 0, 0, 1], [1, 1, 1, 2]]])
    keep = torch.tensor([[[1, 1, 0, 1], [0, 0, 0, 0]]]).bool()
    valid = torch.tensor([[[1, 1, 1, 1], [1, 1, 0, 1]]]).bool()
    found = inverse_acceptance(labels, keep, valid, 4, 10.)
    assert torch.equal(
        found, torch.tensor([[[1.5, 1.5, 1.5, 3.], [3., 3., 3., 1.]]]))
    assert inverse_acceptance(labels, keep, valid, 4, 2.).max() == 2


@pytest.mark.parametrize('share', [0., 0.3, 0.5, 1.])
def test_best_of_each_class(share):
    torch.manual_seed(0)
    labels = torch.randint(0, 3, (2, 5, 6))
    score = torch.rand(2, 5, 6)
    score[0] = score[0].round()  # equal ones
    valid = torch.rand(2, 5, 6) > 0.2
    found = best_of_each_class(labels, score, valid, 4, share)
    assert not found[~valid].any()
    for c in range(4):
        own = valid & (labels == c)
        kept = own & found
        assert kept.sum() == int(own.sum() * share)
        if kept.any() and (own & ~found).any():
            assert score[kept].min() >= score[own & ~found].max()
