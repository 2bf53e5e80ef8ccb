import math

import pytest
import torch

from mmseg_ext.evaluation.metrics import DenoisingMetric


def sample(error=0.5, sigma=0.22, size=(4, 5)):
    noise = torch.randn(3, *size)
    return dict(
        gt_noise=dict(data=noise),
        pred_noise=dict(data=noise + error),
        noise_sigma=sigma)


def test_figures():
    metric = DenoisingMetric()
    metric.process({}, [sample(), sample(size=(2, 3))])
    figures = metric.compute_metrics(metric.results)
    assert figures['mse_noise'] == pytest.approx(0.25)
    assert figures['psnr_noisy'] == pytest.approx(19.173, abs=1e-3)
    # 10 log10(4 / mean((image - clean)^2)), their difference sigma * error
    assert figures['psnr'] == pytest.approx(
        10 * math.log10(4 / 0.11**2), abs=1e-3)
    assert figures['gain'] == pytest.approx(-10 * math.log10(0.25), abs=2e-3)


def test_levels_and_sizes_count_by_pixel():
    metric = DenoisingMetric()
    metric.process({}, [sample(1., 0.1), sample(0., 0.5, (8, 10))])
    figures = metric.compute_metrics(metric.results)
    assert figures['mse_noise'] == pytest.approx(0.2)
    assert figures['psnr'] == pytest.approx(
        10 * math.log10(4 / (0.2 * 0.01)), abs=1e-3)


def test_error_names_what_is_missing():
    lacking = sample()
    del lacking['pred_noise']
    with pytest.raises(ValueError, match='pred_noise.*GaussianNoise'):
        DenoisingMetric().process({}, [lacking])
