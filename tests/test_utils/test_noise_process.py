import math

import numpy as np
import pytest
import torch

from mmseg_ext.utils.noise_process import (NoiseLevel, add_noise, find_noise,
                                           gamma_to_sigma, remove_noise)

# sigma, gamma, sqrt(gamma), sqrt(1 - gamma)
TABLE = [(0.20, 0.961538, 0.980581, 0.196116),
         (0.22, 0.953834, 0.976644, 0.214862),
         (0.25, 0.941176, 0.970143, 0.242536),
         (0.30, 0.917431, 0.957826, 0.287348)]


@pytest.mark.parametrize('sigma,gamma,signal,noise', TABLE)
def test_scaled_process_is_that_of_a_diffusion(sigma, gamma, signal, noise):
    assert add_noise(1., 0., sigma) == pytest.approx(signal, abs=1e-6)
    assert add_noise(0., 1., sigma) == pytest.approx(noise, abs=1e-6)
    assert signal**2 == pytest.approx(gamma, abs=2e-6)
    assert gamma_to_sigma(gamma) == pytest.approx(sigma, abs=1e-5)


def test_variance():
    """Var(noisy) = gamma Var(clean) + 1 - gamma, 1 only if the image has 1."""
    rng = np.random.default_rng(0)
    clean = 0.6 * rng.standard_normal(10**6)
    noise = rng.standard_normal(10**6)
    scaled = add_noise(clean, noise, 0.5, 'scaled')
    gamma = 1 / 1.25
    expected = gamma * 0.36 + 1 - gamma
    assert scaled.var() == pytest.approx(expected, rel=5e-3)
    simple = add_noise(clean, noise, 0.5, 'simple')
    assert np.allclose(simple / math.sqrt(1.25), scaled)


@pytest.mark.parametrize('process', ['simple', 'scaled'])
def test_error_of_image_is_that_of_noise(process):
    torch.manual_seed(0)
    clean, noise, pred = torch.randn(3, 4, 3, 5, 6, dtype=torch.double)
    sigma = torch.tensor([0.1, 0.22, 0.5, 1.]).double().view(-1, 1, 1, 1)
    noisy = add_noise(clean, noise, sigma, process)
    torch.testing.assert_close(
        remove_noise(noisy, noise, sigma, process), clean)
    torch.testing.assert_close(find_noise(noisy, clean, sigma, process), noise)
    image = remove_noise(noisy, pred, sigma, process)
    torch.testing.assert_close((image - clean)**2,
                               sigma**2 * (pred - noise)**2)


def test_levels():
    uniform = np.linspace(0, 1, 5)
    assert NoiseLevel(0.22).is_fixed
    assert np.allclose(NoiseLevel(0.22).at(uniform), 0.22)
    level = NoiseLevel((0.2, 0.3))
    assert not level.is_fixed
    assert np.allclose(level.at(uniform), [0.2, 0.225, 0.25, 0.275, 0.3])
    assert level.mean() == pytest.approx(0.25)
    assert np.allclose(1 / (1 + NoiseLevel(gamma=(0.5, 1)).at(uniform)**2),
                       [0.5, 0.625, 0.75, 0.875, 1])
    cosine = NoiseLevel(gamma='cosine').at(uniform)
    assert cosine[0] == pytest.approx(
        1e-3, rel=1e-3) and cosine[2] == pytest.approx(1)
    assert np.isfinite(cosine).all() and (np.diff(cosine) > 0).all()
    linear = 1 / (1 + NoiseLevel(gamma='linear').at(np.array([0.5]))**2)
    # the product of 1 - beta over the first half of 1000 steps
    beta = np.linspace(1e-4, 0.02, 1000)
    assert linear[0] == pytest.approx(np.prod(1 - beta[:500]), rel=0.03)


@pytest.mark.parametrize(
    'options', [
        dict(),
        dict(sigma=0.2, gamma=0.9),
        dict(sigma=-0.1),
        dict(sigma=0),
        dict(sigma=(0.3, 0.2)),
        dict(sigma=(0.1, 0.2, 0.3)),
        dict(gamma=1.5),
        dict(gamma=1.),
        dict(gamma='sine'),
        dict(sigma='cosine')
    ],
    ids=str)
def test_wrong_levels(options):
    with pytest.raises(ValueError, match='sigma|gamma'):
        NoiseLevel(**options)
