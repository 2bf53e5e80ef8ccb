"""Sums of exponential similarities over pairs of pixels, in bounded memory.

Shape shorthand: K independent sets, R rows and P columns of unit vectors of
D channels in each.
"""
from typing import Iterator, Optional, Tuple

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from ..utils.logits import without_autocast

# exp(2 / temperature) must stay a normal number of the type: the similarities
# of unit vectors span that range around their bound.
MIN_TEMPERATURE_FLOAT = 0.025
MIN_TEMPERATURE = 0.003

# What fits a core's cache is several times faster on a CPU; a GPU wants few
# large kernels.
_CPU_BLOCK = 2**18
_DEVICE_BLOCK = 2**25
# So many similarities, 64 MiB, are kept for the backward pass.
_KEPT = 2**24


class PairLogSums(Function):
    """Log of the sum of :math:`\\exp(r \\cdot c / \\tau)` over the columns.

    For each row there are two such sums: over the valid columns that carry
    its label, and over all valid columns. Where they are few, the
    similarities are kept for the backward pass. Else they exist one block at
    a time and are computed again there: memory is bounded by ``block``, and
    no softmax of the whole matrix is kept.
    """

    @staticmethod
    def forward(ctx, rows: Tensor, columns: Tensor, row_label: Tensor,
                column_label: Tensor, column_valid: Tensor, temperature: float,
                block: Optional[int]) -> Tuple[Tensor, Tensor]:
        """See :func:`pair_log_sums`."""
        ctx.temperature, ctx.block = temperature, block
        positive = rows.new_empty(row_label.shape)
        total = rows.new_empty(row_label.shape)
        keep = any(ctx.needs_input_grad[:2]) and (row_label.numel() *
                                                  columns.shape[1] <= _KEPT)
        ctx.kept = [] if keep else None
        for part in _blocks(rows, columns, block):
            pairs = _exponentials(rows[:, part], columns, column_valid,
                                  temperature)
            total[:, part] = pairs.sum(2)
            if keep:
                ctx.kept.append(pairs)
            other = row_label[:, part, None] != column_label[:, None]
            positive[:, part] = (pairs.masked_fill(other, 0) if keep else
                                 pairs.masked_fill_(other, 0)).sum(2)
        # A sum is 0 only where no column counts at all.
        tiny = torch.finfo(rows.dtype).tiny
        positive.clamp_(min=tiny)
        total.clamp_(min=tiny)
        ctx.save_for_backward(rows, columns, row_label, column_label,
                              column_valid, positive, total)
        shift = 1 / temperature
        return positive.log() + shift, total.log() + shift

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_positive: Tensor, grad_total: Tensor):
        """Gradient for the rows and for the columns, where it is asked."""
        (rows, columns, row_label, column_label, column_valid, positive,
         total) = ctx.saved_tensors
        need_rows, need_columns = ctx.needs_input_grad[:2]
        grad_rows = torch.zeros_like(rows) if need_rows else None
        grad_columns = torch.zeros_like(columns) if need_columns else None
        of_all = (grad_total / total)[..., None] / ctx.temperature
        of_same = (grad_positive / positive)[..., None] / ctx.temperature
        of_same = of_all + of_same
        with without_autocast(rows):
            for i, part in enumerate(_blocks(rows, columns, ctx.block)):
                if ctx.kept is None:
                    pairs = _exponentials(rows[:, part], columns, column_valid,
                                          ctx.temperature)
                else:
                    pairs = ctx.kept[i]
                same = row_label[:, part, None] == column_label[:, None]
                weight = torch.where(same, of_same[:, part], of_all[:, part])
                # what is kept may be asked for again
                pairs = pairs.mul_(weight) if ctx.kept is None else (
                    weight.mul_(pairs))
                if need_rows:
                    grad_rows[:, part] = torch.bmm(pairs, columns)
                if need_columns:
                    grad_columns.baddbmm_(pairs.transpose(1, 2), rows[:, part])
        return grad_rows, grad_columns, None, None, None, None, None


def pair_log_sums(rows: Tensor,
                  columns: Tensor,
                  row_label: Tensor,
                  column_label: Tensor,
                  column_valid: Tensor,
                  temperature: float,
                  block: Optional[int] = None,
                  row_valid: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
    """Log of sums of exponential similarities, for each row.

    Args:
        rows (Tensor): Unit vectors of shape (K, R, D), float32.
        columns (Tensor): Unit vectors of shape (K, P, D), float32.
        row_label (Tensor): int64 of shape (K, R).
        column_label (Tensor): int64 of shape (K, P).
        column_valid (Tensor): Bool of shape (K, P), columns that count.
        temperature (float): Divides the similarity. Under 0.025 float64 is
            used.
        block (int, optional): Similarities held at a time. Defaults to None,
            which suits the device.
        row_valid (Tensor, optional): Bool of shape (K, R), rows whose sums
            are read; those of others are anything. Defaults to None, all.

    Returns:
        tuple[Tensor, Tensor]: Over the columns with the row's label, and
        over all columns; each of shape (K, R).
    """
    dtype = rows.dtype
    if temperature < MIN_TEMPERATURE_FLOAT:
        rows, columns = rows.double(), columns.double()
    # to count what is valid means to wait for another device
    sums = _of_valid_pairs if rows.device.type == 'cpu' else _of_all_pairs
    positive, total = sums(rows, columns, row_label, column_label,
                           column_valid, temperature, block, row_valid)
    return positive.to(dtype), total.to(dtype)


def _of_all_pairs(rows, columns, row_label, column_label, column_valid,
                  temperature, block, row_valid) -> Tuple[Tensor, Tensor]:
    return PairLogSums.apply(rows, columns, row_label, column_label,
                             column_valid, temperature, block)


def _of_valid_pairs(rows, columns, row_label, column_label, column_valid,
                    temperature, block, row_valid) -> Tuple[Tensor, Tensor]:
    """The same without the rows and columns that do not count."""
    positive, total = [], []
    for k in range(len(rows)):
        column, = column_valid[k].nonzero(as_tuple=True)
        row = torch.arange(rows.shape[1])
        if row_valid is not None:
            row, = row_valid[k].nonzero(as_tuple=True)
        found = PairLogSums.apply(rows[k, row][None], columns[k, column][None],
                                  row_label[k, row][None],
                                  column_label[k, column][None],
                                  column_valid[k, column][None], temperature,
                                  block)
        for sums, values in zip((positive, total), found):
            full = values.new_zeros(rows.shape[1])
            sums.append(full.index_copy(0, row, values[0]))
    return torch.stack(positive), torch.stack(total)


def _blocks(rows: Tensor, columns: Tensor,
            block: Optional[int]) -> Iterator[slice]:
    if block is None:
        block = _CPU_BLOCK if rows.device.type == 'cpu' else _DEVICE_BLOCK
    step = max(1, block // max(1, columns.shape[0] * columns.shape[1]))
    for start in range(0, rows.shape[1], step):
        yield slice(start, start + step)


def _exponentials(rows: Tensor, columns: Tensor, valid: Tensor,
                  temperature: float) -> Tensor:
    """exp((r . c - 1) / temperature), 0 in columns that do not count."""
    pairs = torch.bmm(rows, columns.transpose(1, 2))
    pairs.sub_(1).div_(temperature).exp_()
    return pairs.masked_fill_(~valid[:, None], 0)
