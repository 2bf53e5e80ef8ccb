"""Bilinear sampling along one axis, the way RoIAlign does it."""
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ['Taps', 'AxisMatrix', 'bilinear_taps', 'axis_matrix']


class Taps(NamedTuple):
    """The two cells that each sample reads along an axis, and their weights.

    All four tensors have the shape of the coordinates; the cells are int64.
    """
    low: Tensor
    high: Tensor
    low_weight: Tensor
    high_weight: Tensor


class AxisMatrix(NamedTuple):
    """A linear map from some cells of an axis to samples or bins.

    Attributes:
        cells (Tensor): Cells that the map reads, int64 ``[R, T]``.
        weights (Tensor): Its matrix, ``[R, outputs, T]``.
    """
    cells: Tensor
    weights: Tensor


def bilinear_taps(coordinates: Tensor, size: int) -> Taps:
    """Cells and weights of linear interpolation on ``size`` cells.

    Cell ``i`` has its centre at ``i``. Up to one cell outside, the border's
    value is repeated; a sample farther out, or NaN, counts as zero.

    Args:
        coordinates (Tensor): Sample positions in cells, any shape.
        size (int): Number of cells.

    Returns:
        Taps: Cells and weights for every sample.
    """
    inside = (coordinates >= -1) & (coordinates <= size)
    clamped = coordinates.nan_to_num().clamp(0, size - 1)
    low = clamped.floor()
    inside = inside.to(coordinates)
    high_weight = (clamped - low) * inside
    low_weight = inside - high_weight
    low = low.long()
    return Taps(low, (low + 1).clamp(max=size - 1), low_weight, high_weight)


def axis_matrix(taps: Taps, size: int) -> AxisMatrix:
    """Average the samples of every output as one matrix on few cells.

    Reads the contiguous range of cells that the samples span, or the cells
    of each sample where these are fewer.

    Args:
        taps (Taps): Of shape ``[R, outputs, samples]``.
        size (int): Number of cells of the axis.

    Returns:
        AxisMatrix: ``R`` maps of the same number of cells.
    """
    low, high, low_weight, high_weight = taps
    regions, outputs, samples = low.shape
    first = low.flatten(1).amin(1)
    span = int((high.flatten(1).amax(1) - first).amax()) + 1
    if span <= 2 * outputs * samples:
        cells = first[:, None] + torch.arange(span, device=low.device)
        cells = cells.clamp(max=size - 1)
        low_place = low - first[:, None, None]
        high_place = high - first[:, None, None]
    else:
        cells = torch.cat([low.flatten(1), high.flatten(1)], 1)
        low_place = torch.arange(
            outputs * samples, device=low.device).view(outputs, samples)
        low_place = low_place.expand_as(low)
        high_place = low_place + outputs * samples
    weights = low_weight.new_zeros(regions, outputs, cells.shape[1])
    weights.scatter_add_(2, low_place, low_weight)
    weights.scatter_add_(2, high_place, high_weight)
    return AxisMatrix(cells, weights)
