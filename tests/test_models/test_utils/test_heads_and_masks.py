import pytest
import torch
from torch import nn

from mmseg_ext.models.utils.call_recorder import record_output
from mmseg_ext.models.utils.heads import freeze_norm_parameters
from mmseg_ext.models.utils.masks import resize_nearest, resize_valid_masks


def test_resize_keeps_labels_and_type():
    labels = torch.tensor([[[0, 255], [3, 7]]])
    resized = resize_nearest(labels, (4, 4))
    assert resized.dtype == torch.int64
    assert torch.equal(resized[:, ::2, ::2], labels)
    assert torch.equal(resized[:, 1::2, 1::2], labels)
    flags = labels > 4
    assert resize_nearest(flags, (2, 2)) is flags
    assert resize_nearest(flags, (1, 1)).dtype == torch.bool


def test_centre_of_a_unit_is_valid_or_not():
    valid = torch.zeros(1, 32, 64, dtype=torch.bool)
    valid[..., :33] = True
    assert resize_valid_masks(valid, (1, 2)).tolist() == [[[True, False]]]
    valid[..., :49] = True
    assert resize_valid_masks(valid, (1, 2)).all()
    assert resize_valid_masks(valid, (32, 64)) is valid


def test_frozen_norms_leave_other_layers_alone():
    model = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1))
    freeze_norm_parameters(model)
    assert model[0].weight.requires_grad
    assert not model[1].weight.requires_grad
    assert not model[1].bias.requires_grad


class Doubling(nn.Module):

    def twice(self, x):
        return 2 * x


def test_record_output_leaves_nothing_behind():
    module = Doubling()
    with record_output(module, 'twice') as recorded:
        assert recorded.output is None
        assert module.twice(2) == 4
    assert recorded.output == 4
    assert 'twice' not in vars(module)
    with pytest.raises(ZeroDivisionError):
        with record_output(module, 'twice'):
            1 / 0
    assert 'twice' not in vars(module)
