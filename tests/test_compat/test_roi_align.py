import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmseg_ext.compat.kernels import roi_align_backward, roi_align_forward

REGIONS = [
    [0, 3.2, 4.1, 17.9, 13.3],
    [1, 0., 0., 23., 15.],
    [1, 10.5, 2.25, 11., 2.5],  # smaller than a cell
    [0, -9., -6., 8., 40.],  # over the border
    [0, 5., 5., 90., 6.],  # long and thin, mostly outside
    [1, 8., 9., 8., 9.],  # a point
]
CASES = [(ratio, aligned) for ratio in (0, 1, 3) for aligned in (True, False)]


def brute_force(features, rois, bins, scale, ratio, mode, aligned):
    """RoIAlign sample by sample, as mmcv's CPU kernel does it."""
    images, channels, height, width = features.shape

    def sample(plane, y, x):
        if y < -1 or y > height or x < -1 or x > width:
            return np.zeros(channels)
        y, x = max(y, 0), max(x, 0)
        low_y, low_x = min(int(y), height - 1), min(int(x), width - 1)
        high_y, high_x = min(low_y + 1, height - 1), min(low_x + 1, width - 1)
        dy, dx = min(y - low_y, 1), min(x - low_x, 1)
        if low_y == height - 1:
            dy = 0
        if low_x == width - 1:
            dx = 0
        return ((1 - dy) * (1 - dx) * plane[:, low_y, low_x] +
                (1 - dy) * dx * plane[:, low_y, high_x] + dy *
                (1 - dx) * plane[:, high_y, low_x] +
                dy * dx * plane[:, high_y, high_x])

    output = np.zeros((len(rois), channels, *bins))
    for index, (image, *corners) in enumerate(rois):
        left, top, right, bottom = (
            corner * scale - (0.5 if aligned else 0) for corner in corners)
        extent = [bottom - top, right - left]
        if not aligned:
            extent = [max(length, 1) for length in extent]
        size = [length / number for length, number in zip(extent, bins)]
        grid = [ratio or math.ceil(length) for length in size]
        for row in range(bins[0]):
            for column in range(bins[1]):
                values = [
                    sample(features[int(image)],
                           top + (row + (i + 0.5) / grid[0]) * size[0],
                           left + (column + (j + 0.5) / grid[1]) * size[1])
                    for i in range(grid[0]) for j in range(grid[1])
                ]
                if values:
                    output[index, :, row, column] = getattr(np, mode)(
                        values, axis=0)
    return output


class RoIAlign(torch.autograd.Function):
    """The two kernels, called as mmcv's wrapper calls them."""

    @staticmethod
    def forward(ctx, features, rois, bins, scale, ratio, mode, aligned):
        shape = (len(rois), features.shape[1], *bins)
        output = features.new_zeros(shape)
        empty = features.new_zeros(shape if mode == 'max' else 0)
        argmax = empty, empty.clone()
        ctx.keywords = dict(
            aligned_height=bins[0],
            aligned_width=bins[1],
            spatial_scale=scale,
            sampling_ratio=ratio,
            pool_mode=0 if mode == 'max' else 1,
            aligned=aligned)
        roi_align_forward(features, rois, output, *argmax, **ctx.keywords)
        ctx.save_for_backward(rois, *argmax)
        ctx.shape = features.shape
        return output

    @staticmethod
    def backward(ctx, gradient):
        result = gradient.new_zeros(ctx.shape)
        roi_align_backward(gradient.contiguous(), *ctx.saved_tensors, result,
                           **ctx.keywords)
        return result, None, None, None, None, None, None


@pytest.fixture
def features():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 3, 16, 24, generator=generator, dtype=torch.float64)


@pytest.fixture
def rois():
    return torch.tensor(REGIONS, dtype=torch.float64)


@pytest.mark.parametrize('ratio, aligned', CASES)
@pytest.mark.parametrize('mode', ['mean', 'max'])
@pytest.mark.parametrize('scale', [1., 0.5])
def test_equals_brute_force(features, rois, ratio, aligned, mode, scale):
    expected = brute_force(features.numpy(), REGIONS, (3, 2), scale, ratio,
                           mode, aligned)
    found = RoIAlign.apply(features, rois, (3, 2), scale, ratio, mode, aligned)
    error = np.abs(found.numpy() - expected).max()
    assert error < 1e-12, f'largest difference {error}'


def test_one_region_at_a_time_and_all_at_once_agree(features, rois,
                                                    monkeypatch):
    arguments = (4, 5), 1., 0, 'mean', True
    expected = RoIAlign.apply(features, rois, *arguments)
    monkeypatch.setattr('mmseg_ext.compat.kernels.roi_align.BUDGET', 1)
    found = RoIAlign.apply(features, rois, *arguments)
    assert torch.allclose(found, expected, atol=1e-12)


def test_equals_grid_sample_inside(features):
    # One sample a bin, away from the border: plain bilinear sampling.
    rois = torch.tensor([[1., 4., 3., 16., 11.]], dtype=torch.float64)
    found = RoIAlign.apply(features, rois, (8, 6), 1., 1, 'mean', True)
    y = (torch.arange(8.) + 0.5 + 3) / 16 * 2 - 1
    x = (torch.arange(6.) * 2 + 1 + 4) / 24 * 2 - 1
    grid = torch.stack(torch.meshgrid(y, x, indexing='ij')[::-1], -1)
    expected = F.grid_sample(
        features[1:], grid[None].double(), align_corners=False)
    assert torch.allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize('ratio, aligned', CASES)
@pytest.mark.parametrize('mode', ['mean', 'max'])
def test_gradient(features, rois, ratio, aligned, mode):
    assert torch.autograd.gradcheck(
        lambda x: RoIAlign.apply(x, rois, (3, 2), 1., ratio, mode, aligned),
        features.requires_grad_(),
        fast_mode=True)


def test_gradient_is_added(features, rois):
    gradient = torch.ones(len(rois), 3, 2, 2, dtype=torch.float64)
    empty = features.new_zeros(0)
    arguments = 2, 2, 1., 0, 1, True
    once = torch.zeros_like(features)
    roi_align_backward(gradient, rois, empty, empty, once, *arguments)
    twice = once.clone()
    roi_align_backward(gradient, rois, empty, empty, twice, *arguments)
    assert once.abs().sum() > 0
    assert torch.allclose(twice, 2 * once)


def test_no_regions(features):
    found = RoIAlign.apply(features.requires_grad_(),
                           torch.zeros(0, 5, dtype=torch.float64), (2, 2), 1.,
                           0, 'mean', True)
    assert found.shape == (0, 3, 2, 2)
    found.sum().backward()
    assert features.grad.abs().sum() == 0


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_low_precision(features, rois, dtype):
    expected = RoIAlign.apply(features, rois, (3, 2), 0.5, 0, 'mean', True)
    found = RoIAlign.apply(
        features.to(dtype), rois.to(dtype), (3, 2), 0.5, 0, 'mean', True)
    assert found.dtype == dtype
    assert torch.allclose(found.double(), expected, atol=0.1)


def test_computes_in_its_own_numbers_under_autocast(features, rois):
    features, rois = features.float().requires_grad_(), rois.float()
    results = []
    for enabled in (False, True):
        with torch.autocast('cpu', torch.bfloat16, enabled=enabled):
            found = RoIAlign.apply(features, rois, (3, 2), 0.5, 0, 'mean',
                                   True)
            grad, = torch.autograd.grad(found.square().sum(), features)
        results.append((found, grad))
    for plain, mixed in zip(*results):
        assert torch.equal(plain, mixed)


def test_mmcv_calls_it(features, rois):
    ops = pytest.importorskip('mmcv.ops')
    layer = ops.RoIAlign((3, 2), spatial_scale=0.5, sampling_ratio=0)
    features = features.float().requires_grad_()
    found = layer(features, rois.float())
    expected = brute_force(features.detach().numpy(), REGIONS, (3, 2), 0.5, 0,
                           'mean', True)
    assert np.abs(found.detach().numpy() - expected).max() < 1e-4
    found.sum().backward()
    assert features.grad.abs().sum() > 0


def test_mask_targets_of_mmdet():
    structures = pytest.importorskip('mmdet.structures.mask')
    mask = np.zeros((1, 40, 60), np.uint8)
    mask[0, 10:30, 20:50] = 1
    masks = structures.BitmapMasks(mask, 40, 60)
    boxes = torch.tensor([[20., 10., 50., 30.], [0., 0., 40., 40.]])
    target = masks.crop_and_resize(
        boxes, (4, 4), torch.tensor([0, 0]), device='cpu').masks
    assert target[0].all()
    expected = [[0, 0, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0]]
    assert target[1].tolist() == expected
