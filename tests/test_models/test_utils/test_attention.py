import pytest
import torch

import mmseg_ext  # noqa: F401
from mmseg_ext.models.utils import attention
from mmseg_ext.models.utils.attention import position_attention


def inputs(positions, dtype=torch.float32, batch=2):
    generator = torch.Generator().manual_seed(0)
    widths = (4, 4, 6)
    return [
        torch.randn(batch, positions, width,
                    generator=generator).to(dtype).requires_grad_()
        for width in widths
    ]


def reference(query, key, value):
    """The sum over all positions, written out."""
    weights = torch.einsum('bid,bjd->bij', query, key).exp()
    weights = weights / weights.sum(2, keepdim=True)
    return torch.einsum('bij,bje->bie', weights, value)


@pytest.mark.parametrize('mode', attention.MODES)
@pytest.mark.parametrize('positions', [1, 35, 2000])
def test_equals_the_sum_over_all_positions(mode, positions):
    tensors = inputs(positions)
    found = position_attention(*tensors, mode, query_block_size=300)
    expected = reference(*tensors)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    grad = torch.randn_like(found)
    for ours, theirs in zip(
            torch.autograd.grad(found, tensors, grad),
            torch.autograd.grad(expected, tensors, grad)):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_gradients_of_blocks():
    tensors = inputs(12, torch.float64, batch=1)
    assert torch.autograd.gradcheck(
        lambda *t: position_attention(*t, 'query_blocks', 5), tensors)


@pytest.mark.parametrize('mode', ['query_blocks', 'dense'])
def test_does_not_overflow_in_half_precision(mode):
    """Products of 300 times 300 are beyond the largest float16."""
    query, key, value = (t.detach() for t in inputs(20))
    query, key = 300 * query, 300 * key
    exact = position_attention(query, key, value, 'dense')
    half = position_attention(query.half(), key.half(), value.half(), mode, 7)
    assert half.dtype == torch.float16 and half.isfinite().all()
    torch.testing.assert_close(half.float(), exact, rtol=1e-2, atol=1e-2)


def test_never_takes_the_dense_path_of_torch():
    """Its kernels on a CPU want one width, so that blocks are taken."""
    query, key, value = inputs(1500)
    assert attention._fused_attention(query, key, value) is None
    if attention.sdpa_kernel is not None:
        assert attention._fused_attention(query, key, key) is not None


def test_auto_takes_blocks_for_many_positions(monkeypatch):
    calls = []
    monkeypatch.setattr(attention, '_blockwise_attention',
                        lambda *args: calls.append(args))
    position_attention(*inputs(1024))
    assert not calls
    position_attention(*inputs(1025))
    assert len(calls) == 1


def saved_elements(mode, positions):
    """Numbers that are kept for the backward pass."""
    saved = []

    def pack(tensor):
        saved.append(tensor)
        return tensor

    tensors = inputs(positions, batch=1)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        position_attention(*tensors, mode, query_block_size=256)
    return sum({t.untyped_storage().data_ptr(): t.numel()
                for t in saved}.values())


def test_kept_memory_is_linear():
    for mode, low, high in (('query_blocks', 1.8, 2.2), ('dense', 3.5, 4.1)):
        growth = saved_elements(mode, 2048) / saved_elements(mode, 1024)
        assert low < growth < high, mode
