"""The stand-ins against outputs of mmcv's compiled kernels.

``compiled_kernels.npz`` holds what the C++ kernels of mmcv 2.1.0, built for
torch 2.13 on a CPU, give on the inputs below; :func:`run_cases` on a compiled
``mmcv._ext`` made it.
"""
import itertools
import os.path as osp

import numpy as np
import pytest
import torch

from mmseg_ext.compat import kernels, mmcv_ops

STORED = osp.join(osp.dirname(__file__), 'compiled_kernels.npz')
REGIONS = [
    [0, 3.2, 4.1, 17.9, 13.3],
    [1, 0., 0., 23., 15.],
    [1, 10.5, 2.25, 11., 2.5],  # smaller than a cell
    [0, -9., -6., 8., 40.],  # over the border
    [0, 5., 5., 90., 6.],  # long and thin, mostly outside
    [1, 8., 3., 8., 9.],  # no width
]
# ratio, aligned, mode (0: max, 1: mean)
POOLING = list(itertools.product((0, 2), (True, False), (0, 1)))
SUPPRESSION = list(itertools.product((0.3, 0.7), (0, 1)))


def run_roi_align(operators, ratio, aligned, mode):
    """Values and gradient of one way of pooling."""
    rng = np.random.default_rng(0)
    features = torch.from_numpy(
        rng.standard_normal((2, 2, 16, 24)).astype(np.float32))
    # compiled, the largest of no samples is -10000
    regions = torch.tensor(REGIONS[:5] if (ratio, mode) == (0, 0) else REGIONS)
    output = features.new_zeros(len(regions), 2, 3, 2)
    winners = [features.new_zeros(output.shape if mode == 0 else 0)] * 2
    winners = [tensor.clone() for tensor in winners]
    options = dict(
        aligned_height=3,
        aligned_width=2,
        spatial_scale=0.5,
        sampling_ratio=ratio,
        pool_mode=mode,
        aligned=aligned)
    operators.roi_align_forward(features, regions, output, *winners, **options)
    gradient = torch.from_numpy(
        rng.standard_normal(output.shape).astype(np.float32))
    result = torch.zeros_like(features)
    operators.roi_align_backward(gradient, regions, *winners, result,
                                 **options)
    return output.numpy(), result.numpy()


def run_nms(operators, threshold, offset):
    rng = np.random.default_rng(1)
    corners = rng.uniform(0, 60, (300, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(0, 30, (300, 2))],
                           axis=1)
    scores = rng.permutation(300) / 300
    kept = operators.nms(
        torch.from_numpy(boxes.astype(np.float32)),
        torch.from_numpy(scores.astype(np.float32)),
        iou_threshold=threshold,
        offset=offset)
    return kept.numpy()


def run_cases(operators):
    """All outputs by name."""
    found = {}
    for case in POOLING:
        name = 'roi_align {} {} {}'.format(*case)
        found[f'{name} value'], found[f'{name} gradient'] = run_roi_align(
            operators, *case)
    for case in SUPPRESSION:
        found['nms {} {}'.format(*case)] = run_nms(operators, *case)
    return found


def check(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if name.startswith('nms'):
            assert 1 < len(value) < 300
            assert found[name].tolist() == value.tolist(), name
        else:
            assert np.abs(value).max() > 0.1
            assert np.abs(found[name] - value).max() < 1e-4, name


def test_equal_to_stored_outputs():
    with np.load(STORED) as stored:
        check(run_cases(kernels), dict(stored))


@pytest.mark.skipif(
    mmcv_ops.is_stand_in(), reason='the installed mmcv is not compiled')
def test_equal_to_the_installed_mmcv():
    from mmcv import _ext
    check(run_cases(kernels), run_cases(_ext))
