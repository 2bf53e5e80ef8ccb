import numpy as np
import pytest
import torch

from mmseg_ext.compat.kernels import (ms_deform_attn_backward,
                                      ms_deform_attn_forward)

SHAPES = [(5, 7), (3, 2)]


@pytest.fixture
def inputs():
    generator = torch.Generator().manual_seed(0)
    batch, heads, channels, queries, points = 2, 3, 4, 5, 2
    keys = sum(height * width for height, width in SHAPES)

    def rand(*shape):
        return torch.rand(*shape, generator=generator, dtype=torch.float64)

    value = rand(batch, keys, heads, channels) - 0.5
    # Some locations outside, where values count as zero.
    locations = rand(batch, queries, heads, len(SHAPES), points, 2) * 1.4 - 0.2
    weights = rand(batch, queries, heads, len(SHAPES), points)
    return value, locations, weights


def attend(value, locations, weights):
    return ms_deform_attn_forward(
        value,
        torch.tensor(SHAPES),
        torch.tensor([0, 35]),
        locations,
        weights,
        im2col_step=64)


def brute_force(value, locations, weights):
    """Eq. (3) of the paper, sample by sample."""
    value, locations, weights = (
        tensor.numpy() for tensor in (value, locations, weights))
    batch, queries, heads, levels, points = weights.shape
    output = np.zeros((batch, queries, heads, value.shape[-1]))
    for b, q, h, level, p in np.ndindex(*weights.shape):
        height, width = SHAPES[level]
        start = 35 * level
        plane = value[b, start:start + height * width,
                      h].reshape(height, width, -1)
        x = locations[b, q, h, level, p, 0] * width - 0.5
        y = locations[b, q, h, level, p, 1] * height - 0.5
        for row in (int(np.floor(y)), int(np.floor(y)) + 1):
            for column in (int(np.floor(x)), int(np.floor(x)) + 1):
                if 0 <= row < height and 0 <= column < width:
                    share = (1 - abs(y - row)) * (1 - abs(x - column))
                    output[b, q, h] += (
                        weights[b, q, h, level, p] * share *
                        plane[row, column])
    return output.reshape(batch, queries, -1)


def test_equals_brute_force(inputs):
    error = np.abs(attend(*inputs).numpy() - brute_force(*inputs)).max()
    assert error < 1e-12, f'largest difference {error}'


class Attention(torch.autograd.Function):
    """The two kernels, called as mmcv's wrapper calls them on CUDA."""

    @staticmethod
    def forward(ctx, *inputs):
        ctx.save_for_backward(*inputs)
        return attend(*inputs)

    @staticmethod
    def backward(ctx, gradient):
        value, locations, weights = ctx.saved_tensors
        results = [torch.zeros_like(tensor) for tensor in ctx.saved_tensors]
        ms_deform_attn_backward(
            value,
            torch.tensor(SHAPES),
            torch.tensor([0, 35]),
            locations,
            weights,
            gradient.contiguous(),
            *results,
            im2col_step=64)
        return tuple(results)


def test_gradient(inputs):
    inputs = [tensor.requires_grad_() for tensor in inputs]
    assert torch.autograd.gradcheck(Attention.apply, inputs)


def test_low_precision(inputs):
    found = attend(*(tensor.half() for tensor in inputs))
    assert found.dtype == torch.float16
    assert torch.allclose(found.double(), attend(*inputs), atol=0.02)


def test_equals_the_function_of_mmcv(inputs):
    module = pytest.importorskip('mmcv.ops.multi_scale_deform_attn')
    value, locations, weights = inputs
    expected = module.multi_scale_deformable_attn_pytorch(
        value, torch.tensor(SHAPES), locations, weights)
    found = module.MultiScaleDeformableAttnFunction.apply(
        value, torch.tensor(SHAPES), torch.tensor([0, 35]), locations, weights,
        64)
    assert torch.allclose(found, expected, atol=1e-12)
