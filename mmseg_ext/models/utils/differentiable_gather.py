"""Gather over ranks through which gradients flow."""
from typing import Tuple

import torch
import torch.distributed as dist
from torch import Tensor

__all__ = ['gather_batches']


def gather_batches(*tensors: Tensor) -> Tuple[Tensor, ...]:
    """Join a batch over all ranks, along the first dimension.

    The backward pass hands each rank the gradient that all ranks together
    have for its rows. (``mmengine.dist.all_gather`` carries no gradient.)

    Args:
        *tensors (Tensor): Tensors ``[B, ...]``, of one shape on all ranks.

    Returns:
        tuple[Tensor]: Tensors ``[world size * B, ...]``, in the order of the
        ranks; the inputs themselves where nothing is distributed.
    """
    if not (dist.is_available() and dist.is_initialized()
            and dist.get_world_size() > 1):
        return tensors
    return tuple(_GatherBatch.apply(tensor) for tensor in tensors)


class _GatherBatch(torch.autograd.Function):

    @staticmethod
    def forward(ctx, tensor: Tensor) -> Tensor:
        ctx.rows = len(tensor)
        parts = [
            torch.empty_like(tensor) for _ in range(dist.get_world_size())
        ]
        dist.all_gather(parts, tensor.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        gradient = gradient.contiguous()
        dist.all_reduce(gradient)
        first = dist.get_rank() * ctx.rows
        return gradient[first:first + ctx.rows]
