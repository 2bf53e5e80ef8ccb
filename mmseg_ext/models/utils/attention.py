"""Attention over all positions without the matrix of all pairs.

Shape shorthand: query and key (N, n, d), value (N, n, e).
"""
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from torch.utils.checkpoint import checkpoint

from .logits import full_precision, without_autocast

try:
    from torch.nn.attention import SDPBackend, sdpa_kernel
except ImportError:  # torch < 2.3
    sdpa_kernel = None

MODES = ('auto', 'sdpa', 'query_blocks', 'dense')
# With so few positions the matrix is smaller than the rest of a head.
_FEW_POSITIONS = 1024


def position_attention(query: Tensor,
                       key: Tensor,
                       value: Tensor,
                       mode: str = 'auto',
                       query_block_size: int = 1024) -> Tensor:
    """Softmax attention of scale 1 and one head.

    All modes give the same result but for rounding; only ``'dense'`` holds
    the matrix of n times n weights.

    Args:
        query (Tensor): (N, n, d).
        key (Tensor): (N, m, d).
        value (Tensor): (N, m, e).
        mode (str): ``'sdpa'`` calls a fused kernel, and blocks where the
            device has none for these widths. ``'query_blocks'`` works on any
            device. ``'auto'`` is ``'sdpa'`` on a GPU, else
            ``'query_blocks'``, and ``'dense'`` up to 1024 positions.
            Defaults to 'auto'.
        query_block_size (int): Queries of a block. Defaults to 1024.

    Returns:
        Tensor: (N, n, e).
    """
    if mode == 'auto':
        if key.shape[1] <= _FEW_POSITIONS:
            mode = 'dense'
        else:
            mode = 'sdpa' if key.is_cuda else 'query_blocks'
    if mode == 'sdpa':
        fused = _fused_attention(query, key, value)
        if fused is not None:
            return fused
    if mode == 'dense':
        return _attend_in_float(query, key, value)
    return _blockwise_attention(query, key, value, query_block_size)


def _attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    weights = (query @ key.transpose(1, 2)).softmax(dim=-1)
    return weights.to(value) @ value


def _attend_in_float(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Logits are not scaled and would overflow in float16."""
    with without_autocast(query):
        return _attend(full_precision(query), full_precision(key), value)


def _blockwise_attention(query: Tensor, key: Tensor, value: Tensor,
                         block_size: int) -> Tensor:
    outputs = []
    for block in query.split(block_size, dim=1):
        if torch.is_grad_enabled() and query.requires_grad:
            # the backward pass makes the weights anew
            outputs.append(
                checkpoint(
                    _attend_in_float,
                    block,
                    key,
                    value,
                    use_reentrant=False,
                    preserve_rng_state=False))
        else:
            outputs.append(_attend_in_float(block, key, value))
    return torch.cat(outputs, dim=1)


def _fused_attention(query: Tensor, key: Tensor, value: Tensor):
    """The result of a fused kernel, or None where there is none."""
    if sdpa_kernel is None:
        return None
    backends = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION]
    # No fused kernel takes flattened maps, whose channels are not adjacent.
    query, key, value = (x.contiguous()[:, None] for x in (query, key, value))
    try:
        # Without this torch takes the math path, which is the dense one.
        with sdpa_kernel(backends):
            return scaled_dot_product_attention(
                query, key, value, scale=1.0).squeeze(1)
    except RuntimeError:
        return None
