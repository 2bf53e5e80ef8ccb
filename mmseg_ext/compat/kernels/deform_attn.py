"""Multi-scale deformable attention."""
import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ['ms_deform_attn_backward', 'ms_deform_attn_forward']


def ms_deform_attn_forward(value: Tensor, spatial_shapes: Tensor,
                           level_start_index: Tensor, sampling_loc: Tensor,
                           attn_weight: Tensor, im2col_step: int) -> Tensor:
    """Multi-scale deformable attention, Eq. (3) of `Deformable DETR
    <https://arxiv.org/abs/2010.04159>`_.

    Args:
        value (Tensor): Values, ``[B, sum(H_l * W_l), heads, D]``.
        spatial_shapes (Tensor): Height and width of each level, ``[L, 2]``.
        level_start_index (Tensor): First key of each level, ``[L]``.
        sampling_loc (Tensor): Locations ``(x, y)`` as shares of the level's
            width and height, ``[B, Q, heads, L, P, 2]``.
        attn_weight (Tensor): Attention weights, ``[B, Q, heads, L, P]``.
        im2col_step (int): Images that the compiled kernel takes at once;
            without a meaning here.

    Returns:
        Tensor: Attended values, ``[B, Q, heads * D]``.
    """
    with torch.no_grad():
        return _attend(value, spatial_shapes, level_start_index, sampling_loc,
                       attn_weight)


def ms_deform_attn_backward(value: Tensor, spatial_shapes: Tensor,
                            level_start_index: Tensor, sampling_loc: Tensor,
                            attn_weight: Tensor, grad_output: Tensor,
                            grad_value: Tensor, grad_sampling_loc: Tensor,
                            grad_attn_weight: Tensor,
                            im2col_step: int) -> None:
    """Add the gradients of :func:`ms_deform_attn_forward` into the tensors
    ``grad_value``, ``grad_sampling_loc`` and ``grad_attn_weight``.

    Args:
        grad_output (Tensor): Gradient of the output, ``[B, Q, heads * D]``.
        grad_value, grad_sampling_loc, grad_attn_weight (Tensor): Filled in
            place, with the shapes of the three inputs.
    """
    inputs = [
        tensor.detach().requires_grad_()
        for tensor in (value, sampling_loc, attn_weight)
    ]
    with torch.enable_grad():
        output = _attend(inputs[0], spatial_shapes, level_start_index,
                         *inputs[1:])
    targets = grad_value, grad_sampling_loc, grad_attn_weight
    gradients = torch.autograd.grad(output, inputs, grad_output)
    for target, gradient in zip(targets, gradients):
        target += gradient


def _attend(value: Tensor, spatial_shapes: Tensor, level_start_index: Tensor,
            sampling_loc: Tensor, attn_weight: Tensor) -> Tensor:
    dtype = value.dtype
    compute = torch.promote_types(dtype, torch.float32)
    batch, _, heads, channels = value.shape
    queries = sampling_loc.shape[1]
    output = value.new_zeros((batch * heads, channels, queries), dtype=compute)
    starts = level_start_index.tolist()
    for level, (height, width) in enumerate(spatial_shapes.tolist()):
        start = starts[level]
        keys = value[:, start:start + height * width].permute(0, 2, 3, 1)
        keys = keys.reshape(batch * heads, channels, height, width)
        # grid_sample counts from -1 to 1 where the locations go from 0 to 1.
        grid = 2 * sampling_loc[:, :, :, level].transpose(1, 2) - 1
        samples = F.grid_sample(
            keys.to(compute),
            grid.flatten(0, 1).to(compute),
            mode='bilinear',
            padding_mode='zeros',
            align_corners=False)  # [batch * heads, channels, queries, points]
        weights = attn_weight[:, :, :, level].transpose(1, 2).flatten(0, 1)
        output = output + (samples * weights[:, None].to(compute)).sum(-1)
    output = output.view(batch, heads * channels, queries).transpose(1, 2)
    return output.to(dtype).contiguous()
