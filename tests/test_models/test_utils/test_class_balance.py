import torch

from mmseg_ext.models.utils.class_balance import inverse_acceptance


def test_inverse_acceptance():
    labels = torch.tensor([[[0, 0, 0, 1], [1, 1, 1, 2]]])
    keep = torch.tensor([[[1, 1, 0, 1], [0, 0, 0, 0]]]).bool()
    valid = torch.tensor([[[1, 1, 1, 1], [1, 1, 0, 1]]]).bool()
    found = inverse_acceptance(labels, keep, valid, 4, 10.)
    assert torch.equal(found,
                       torch.tensor([[[1.5, 1.5, 1.5, 3.], [3., 3., 3., 1.]]]))
    assert inverse_acceptance(labels, keep, valid, 4, 2.).max() == 2
