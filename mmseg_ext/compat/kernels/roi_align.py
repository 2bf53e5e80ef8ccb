"""RoIAlign, forward and backward.

Average pooling of bilinear samples is linear and separable: a region's bins
are ``Y @ crop @ X.T`` with one small matrix for its rows and one for its
columns. Regions of a similar size are batched, so there is no Python loop over
regions, bins or samples, and the cost does not grow with the sampling grid.

Shape shorthand: R regions, C channels, P x Q bins, G samples along a bin.
"""
from bisect import bisect_left
from functools import wraps
from typing import Callable, Iterator, NamedTuple, Tuple

import torch
from torch import Tensor

from .bilinear import AxisMatrix, axis_matrix, bilinear_taps

__all__ = ['roi_align_forward', 'roi_align_backward']

MAX_POOL = 0
# Numbers in the largest intermediate tensor: 64 MiB of floats.
BUDGET = 2**24


class _Axis(NamedTuple):
    """Regions along one axis, all tensors ``[R]``."""
    start: Tensor  # in cells of the feature map
    bin_size: Tensor  # in cells
    grid: Tensor  # samples along each bin, int64
    bins: int
    size: int  # cells of the feature map

    def take(self, regions: Tensor) -> '_Axis':
        return self._replace(
            start=self.start[regions],
            bin_size=self.bin_size[regions],
            grid=self.grid[regions])

    def samples(self) -> Tuple[Tensor, Tensor]:
        """Positions ``[R, bins, G]``, and which of the G count ``[R, 1, G]``.
        """
        step = torch.arange(
            max(int(self.grid.max()), 1), device=self.grid.device)
        counts = (step < self.grid[:, None])[:, None]
        bins = torch.arange(self.bins, device=self.grid.device)
        grid = self.grid.clamp(min=1)[:, None]
        # Samples that do not count stay inside the region, for a small crop.
        step = torch.minimum(step, grid - 1)
        within = (step + 0.5) * self.bin_size[:, None] / grid
        start = self.start[:, None] + bins * self.bin_size[:, None]
        return start[:, :, None] + within[:, None], counts

    def bin_matrix(self) -> AxisMatrix:
        """Mean of the samples of each bin."""
        positions, counts = self.samples()
        taps = bilinear_taps(positions, self.size)
        share = counts.to(positions) / self.grid.clamp(min=1)[:, None, None]
        return axis_matrix(
            taps._replace(
                low_weight=taps.low_weight * share,
                high_weight=taps.high_weight * share), self.size)


def _without_autocast(function: Callable) -> Callable:
    """Compute in the numbers given, as the compiled operator does."""

    @wraps(function)
    def plain(first: Tensor, *args, **kwargs) -> None:
        with torch.autocast(first.device.type, enabled=False):
            return function(first, *args, **kwargs)

    return plain


@_without_autocast
def roi_align_forward(input: Tensor, rois: Tensor, output: Tensor,
                      argmax_y: Tensor, argmax_x: Tensor, aligned_height: int,
                      aligned_width: int, spatial_scale: float,
                      sampling_ratio: int, pool_mode: int,
                      aligned: bool) -> None:
    """Pool each region of a feature map into a fixed number of bins.

    `Mask R-CNN <https://arxiv.org/abs/1703.06870>`_, section 3.

    Args:
        input (Tensor): Feature maps, ``[N, C, H, W]``.
        rois (Tensor): Image index and corners ``(i, x1, y1, x2, y2)`` in
            pixels of the image, ``[R, 5]``.
        output (Tensor): Filled in place, ``[R, C, P, Q]``.
        argmax_y, argmax_x (Tensor): Filled with the position of the largest
            sample when ``pool_mode`` is 0, ``[R, C, P, Q]``.
        aligned_height, aligned_width (int): Bins, P and Q.
        spatial_scale (float): Cells of the feature map per pixel.
        sampling_ratio (int): Samples along a bin; 0 for one per cell.
        pool_mode (int): 0 takes the largest sample of a bin, 1 the mean.
        aligned (bool): Cell centres at half positions, and regions may be
            smaller than one cell.
    """
    if rois.numel() == 0 or output.numel() == 0:
        return
    batch, rows, columns = _axes(rois, input, aligned_height, aligned_width,
                                 spatial_scale, sampling_ratio, aligned)
    features = _channels_last(input)
    for regions in _similar_regions(rows, columns, input.shape[1], pool_mode):
        y_axis, x_axis = rows.take(regions), columns.take(regions)
        if pool_mode == MAX_POOL:
            largest, y, x = _largest_samples(features, batch[regions], y_axis,
                                             x_axis)
            output[regions] = largest.to(output)
            argmax_y[regions] = y.to(argmax_y)
            argmax_x[regions] = x.to(argmax_x)
        else:
            pooled = _pool(features, batch[regions], y_axis.bin_matrix(),
                           x_axis.bin_matrix())
            output[regions] = pooled.permute(0, 3, 1, 2).to(output)


@_without_autocast
def roi_align_backward(grad_output: Tensor, rois: Tensor, argmax_y: Tensor,
                       argmax_x: Tensor, grad_input: Tensor,
                       aligned_height: int, aligned_width: int,
                       spatial_scale: float, sampling_ratio: int,
                       pool_mode: int, aligned: bool) -> None:
    """Add the gradient of :func:`roi_align_forward` into ``grad_input``.

    Args:
        grad_output (Tensor): Gradient of the bins, ``[R, C, P, Q]``.
        grad_input (Tensor): Added to in place, ``[N, C, H, W]``.

    The other arguments are those of the forward function.
    """
    if rois.numel() == 0 or grad_output.numel() == 0:
        return
    images, channels, height, width = grad_input.shape
    dtype = torch.promote_types(grad_input.dtype, torch.float32)
    grad_output = grad_output.to(dtype)
    gradient = grad_input.new_zeros((images * height * width, channels),
                                    dtype=dtype)
    if pool_mode == MAX_POOL:
        _scatter_largest(gradient, grad_output, rois[:, 0].long(), argmax_y,
                         argmax_x, height, width)
    else:
        batch, rows, columns = _axes(rois, grad_input, aligned_height,
                                     aligned_width, spatial_scale,
                                     sampling_ratio, aligned)
        for regions in _similar_regions(rows, columns, channels, pool_mode):
            y_matrix = rows.take(regions).bin_matrix()
            x_matrix = columns.take(regions).bin_matrix()
            # The forward products of _pool, transposed.
            grad_bins = grad_output[regions].permute(0, 2, 3, 1)
            grad_rows = x_matrix.weights.transpose(1, 2)[:, None] @ grad_bins
            grad_crop = y_matrix.weights.transpose(1, 2) @ grad_rows.flatten(2)
            cells = _cells(batch[regions], y_matrix.cells, x_matrix.cells,
                           height, width)
            gradient.index_add_(0, cells.flatten(),
                                grad_crop.reshape(-1, channels))
    grad_input += gradient.view(images, height, width,
                                channels).permute(0, 3, 1, 2)


def _axes(rois: Tensor, features: Tensor, bins_y: int, bins_x: int,
          scale: float, sampling_ratio: int,
          aligned: bool) -> Tuple[Tensor, _Axis, _Axis]:
    """Image indices, and the regions along rows and columns."""
    dtype = torch.promote_types(features.dtype, torch.float32)
    corners = rois[:, 1:].to(dtype) * scale - (0.5 if aligned else 0.)

    def axis(start, end, bins, size):
        extent = end - start
        if not aligned:  # the legacy convention
            extent = extent.clamp(min=1)
        if sampling_ratio > 0:
            grid = torch.full_like(extent, sampling_ratio)
        else:
            grid = (extent / bins).ceil().clamp(min=0)
        return _Axis(start, extent / bins, grid.long(), bins, size)

    x1, y1, x2, y2 = corners.unbind(1)
    return (rois[:, 0].long(), axis(y1, y2, bins_y, features.shape[2]),
            axis(x1, x2, bins_x, features.shape[3]))


def _similar_regions(rows: _Axis, columns: _Axis, channels: int,
                     pool_mode: int) -> Iterator[Tensor]:
    """Index tensors of regions to do at once: a similar size, within BUDGET.
    """

    def work(axis):
        taps = 2 * axis.bins * axis.grid
        if pool_mode == MAX_POOL:
            return taps
        extent = (axis.bin_size * axis.bins).abs().ceil().long() + 2
        return torch.minimum(extent.clamp(max=axis.size), taps)

    work = work(rows).clamp(min=1) * work(columns).clamp(min=1)
    work, order = work.sort()
    work = work.tolist()
    end = len(work)
    while end > 0:
        largest = work[end - 1]
        similar = bisect_left(work, largest // 4 + 1, hi=end - 1)
        begin = max(similar, end - max(1, BUDGET // (largest * channels)))
        yield order[begin:end]
        end = begin


def _channels_last(features: Tensor) -> Tensor:
    """View as ``[N, H, W, C]``, contiguous, at least in float32."""
    features = features.detach().permute(0, 2, 3, 1)
    dtype = torch.promote_types(features.dtype, torch.float32)
    return features.to(dtype).contiguous()


def _cells(batch: Tensor, rows: Tensor, columns: Tensor, height: int,
           width: int) -> Tensor:
    """Flat cell index of every row and column of a region, ``[R, Ty, Tx]``."""
    rows = (batch[:, None] * height + rows) * width
    return rows[:, :, None] + columns[:, None]


def _pool(features: Tensor, batch: Tensor, y_matrix: AxisMatrix,
          x_matrix: AxisMatrix) -> Tensor:
    """``Y @ crop @ X.T`` for each region, ``[R, P, Q, C]``."""
    _, height, width, channels = features.shape
    cells = _cells(batch, y_matrix.cells, x_matrix.cells, height, width)
    crop = features.view(-1, channels).index_select(0, cells.flatten())
    rows = y_matrix.weights @ crop.view(*cells.shape[:2], -1)
    rows = rows.view(*rows.shape[:2], -1, channels)
    return x_matrix.weights[:, None] @ rows


def _largest_samples(features: Tensor, batch: Tensor, y_axis: _Axis,
                     x_axis: _Axis) -> Tuple[Tensor, Tensor, Tensor]:
    """Largest sample of each bin and where it lies, three ``[R, C, P, Q]``.

    A bin without a sample (a region without an extent) is zero, at -1.
    """
    (y, y_counts), (x, x_counts) = y_axis.samples(), x_axis.samples()
    matrices = [
        # Every sample is an output of its own here.
        axis_matrix(
            bilinear_taps(at.flatten(1)[..., None], axis.size), axis.size)
        for at, axis in ((y, y_axis), (x, x_axis))
    ]
    samples = _pool(features, batch, *matrices)  # [R, P * Gy, Q * Gx, C]
    regions, bins_y, grid_y = y.shape
    bins_x, grid_x = x.shape[1:]
    samples = samples.view(regions, bins_y, grid_y, bins_x, grid_x, -1)
    samples = samples.permute(0, 5, 1, 3, 2, 4).flatten(4)
    counts = (y_counts[:, 0, :, None] & x_counts[:, 0, None]).flatten(1)
    samples = samples.masked_fill(~counts[:, None, None, None], -torch.inf)
    largest, where = samples.max(-1)
    y = y[:, None, :, None].expand(-1, samples.shape[1], -1, bins_x, -1)
    x = x[:, None, None].expand(-1, samples.shape[1], bins_y, -1, -1)
    y = y.gather(4, (where // grid_x)[..., None])[..., 0]
    x = x.gather(4, (where % grid_x)[..., None])[..., 0]
    empty = ~counts.any(1)[:, None, None, None]
    return (largest.masked_fill(empty, 0), y.masked_fill(empty, -1),
            x.masked_fill(empty, -1))


def _scatter_largest(gradient: Tensor, grad_output: Tensor, batch: Tensor,
                     argmax_y: Tensor, argmax_x: Tensor, height: int,
                     width: int) -> None:
    """Add the gradient of each bin at the position of its largest sample."""
    channels = gradient.shape[1]
    y = bilinear_taps(argmax_y.to(gradient.dtype), height)
    x = bilinear_taps(argmax_x.to(gradient.dtype), width)
    grad_output = grad_output * (argmax_y != -1)
    channel = torch.arange(channels, device=gradient.device)[:, None, None]
    flat = gradient.view(-1)
    for row, row_weight in ((y.low, y.low_weight), (y.high, y.high_weight)):
        row = batch[:, None, None, None] * height + row
        for column, weight in ((x.low, x.low_weight), (x.high, x.high_weight)):
            place = (row * width + column) * channels + channel
            flat.index_add_(0, place.flatten(),
                            (grad_output * row_weight * weight).flatten())
