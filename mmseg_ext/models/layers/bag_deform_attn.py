import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ['bag_deform_attn']


def bag_deform_attn(value: Tensor, spatial_shapes: Tensor,
                    sampling_locations: Tensor,
                    attention_weights: Tensor) -> Tensor:
    """Multi-scale deformable attention as weighted sums of rows.

    The function of mmcv's ``multi_scale_deformable_attn_pytorch``
    (`Deformable DETR <https://arxiv.org/abs/2010.04159>`_, Eq. 3) but for
    rounding. Each sample is four rows of the values, so that an output is one
    weighted sum of rows: no sampled value is stored, and rows are contiguous.

    Args:
        value (Tensor): Values, ``[B, sum(H_l * W_l), heads, D]``.
        spatial_shapes (Tensor): Height and width of each level, ``[L, 2]``.
        sampling_locations (Tensor): Locations ``(x, y)`` as shares of the
            level's width and height, ``[B, Q, heads, L, P, 2]``.
        attention_weights (Tensor): ``[B, Q, heads, L, P]``.

    Returns:
        Tensor: ``[B, Q, heads * D]``.
    """
    batch, keys, heads, channels = value.shape
    queries = sampling_locations.shape[1]
    height, width = (side[:, None] for side in spatial_shapes.unbind(1))
    start = spatial_shapes.prod(1).cumsum(0) - spatial_shapes.prod(1)
    x = sampling_locations[..., 0] * width - 0.5
    y = sampling_locations[..., 1] * height - 0.5
    left, top = x.detach().floor(), y.detach().floor()
    right_share, low_share = x - left, y - top
    column, row = left.long(), top.long()
    head = torch.arange(heads, device=value.device)[:, None, None]
    image = torch.arange(batch, device=value.device).view(-1, 1, 1, 1, 1)
    first = (image * keys + start[:, None]) * heads + head
    rows, weights = [], []
    for down in (0, 1):
        line = row + down
        share = low_share if down else 1 - low_share
        inside = (line >= 0) & (line < height)
        line = line.clamp(min=0).minimum(height - 1) * width
        for along in (0, 1):
            place = column + along
            part = share * (right_share if along else 1 - right_share)
            there = inside & (place >= 0) & (place < width)
            place = place.clamp(min=0).minimum(width - 1)
            rows.append(first + (line + place) * heads)
            weights.append(attention_weights * part * there)
    rows = torch.stack(rows, dim=-1).view(batch * queries * heads, -1)
    weights = torch.stack(weights, dim=-1).view(rows.shape)
    out = F.embedding_bag(
        rows,
        value.reshape(-1, channels),
        per_sample_weights=weights.to(value.dtype),
        mode='sum')
    return out.view(batch, queries, heads * channels)
