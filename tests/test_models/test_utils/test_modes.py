import pytest
import torch
from mmcv.cnn.bricks import DropPath
from torch import nn

from mmseg_ext.models.utils.modes import (batch_statistics, eval_dropout,
                                          eval_mode, untracked_statistics)


class StochasticDepth(nn.Module):
    """As torchvision's, which has no common base class with others."""

    def forward(self, x):
        return x * torch.rand(1) if self.training else x


@pytest.fixture
def module():
    return nn.Sequential(
        nn.BatchNorm2d(3), nn.Dropout(0.5), nn.Dropout2d(0.5), DropPath(0.5),
        StochasticDepth()).train()


def test_eval_mode_leaves_no_trace(module):
    module[1].eval()
    before = [m.training for m in module.modules()]
    state = {key: value.clone() for key, value in module.state_dict().items()}
    x = torch.randn(4, 3, 5, 5)
    with pytest.raises(RuntimeError), eval_mode(module):
        assert torch.equal(module(x), module(x))
        raise RuntimeError
    assert [m.training for m in module.modules()] == before
    for key, value in module.state_dict().items():
        assert torch.equal(value, state[key])


def test_dropout_is_off_and_batch_norm_trains(module):
    x = torch.randn(4, 3, 5, 5) + 7
    with eval_dropout(module):
        first, second = module(x), module(x)
    expected = (x - x.mean((0, 2, 3), keepdim=True)) / (x.var(
        (0, 2, 3), unbiased=False, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(first, expected, rtol=1e-4, atol=1e-4)
    assert torch.equal(first, second)
    assert module[0].num_batches_tracked == 2
    assert not torch.equal(module(x), module(x))


def test_modes_come_back_after_an_exception(module):
    module[1].eval()
    before = [m.training for m in module.modules()]
    with pytest.raises(RuntimeError), eval_dropout(module):
        raise RuntimeError
    assert [m.training for m in module.modules()] == before
    assert before.count(False) == 1


def test_attention_dropout_is_off():
    attention = nn.MultiheadAttention(8, 2, dropout=0.5).train()
    x = torch.randn(5, 1, 8)
    with eval_dropout(attention):
        first, second = attention(x, x, x)[0], attention(x, x, x)[0]
    assert torch.equal(first, second)
    assert attention.training


@pytest.mark.parametrize('layer', [nn.BatchNorm2d, nn.SyncBatchNorm])
def test_batch_statistics_leave_no_trace(layer):
    module = nn.Sequential(layer(3), nn.BatchNorm2d(3, affine=False)).eval()
    module[0].running_mean.fill_(9)
    x = torch.randn(4, 3, 5, 5) + 7
    before = {key: value.clone() for key, value in module.state_dict().items()}
    outside = module(x)
    with pytest.raises(RuntimeError), batch_statistics(module):
        inside = module(x)
        raise RuntimeError
    expected = (x - x.mean((0, 2, 3), keepdim=True)) / (x.var(
        (0, 2, 3), unbiased=False, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(inside, expected, rtol=1e-4, atol=1e-4)
    assert torch.equal(module(x), outside)
    after = module.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[key], before[key]) for key in before)


@pytest.mark.parametrize('layer', [nn.BatchNorm2d, nn.SyncBatchNorm])
def test_one_value_a_channel_is_normalised_by_its_history(layer):
    """It has no variance; the same layer may see more in another call."""
    module = layer(3).eval()
    module.running_mean.fill_(9)
    x, one = torch.randn(1, 3, 5, 5), torch.randn(1, 3, 1, 1)
    outside = module(one)
    with batch_statistics(module):
        first, inside, second = module(x), module(one), module(x)
    assert torch.equal(inside, outside)
    assert torch.equal(first, second) and first.mean().abs() < 1e-5
    assert not module._forward_pre_hooks


@pytest.mark.parametrize('layer', [nn.BatchNorm2d, nn.SyncBatchNorm])
def test_untracked_statistics_leave_no_trace(layer):
    module = nn.Sequential(layer(3), nn.BatchNorm2d(3).eval())
    x = torch.randn(4, 3, 5, 5) + 7
    before = {key: value.clone() for key, value in module.state_dict().items()}
    with pytest.raises(RuntimeError), untracked_statistics(module):
        inside = module[0](x)
        assert module[1].track_running_stats
        raise RuntimeError
    expected = (x - x.mean((0, 2, 3), keepdim=True)) / (x.var(
        (0, 2, 3), unbiased=False, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(inside, expected, rtol=1e-4, atol=1e-4)
    after = module.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[key], before[key]) for key in before)
    torch.testing.assert_close(module[0](x), inside)
    assert module[0].num_batches_tracked == 1
