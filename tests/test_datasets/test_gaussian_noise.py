import numpy as np
import pytest

import mmseg_ext  # noqa: F401

# isort: split
from mmseg.registry import TRANSFORMS

from mmseg_ext.datasets.transforms import GaussianNoise, PackDenoisingInputs
from mmseg_ext.utils.noise_process import remove_noise


def image(size=(40, 50)):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (*size, 3)).astype(np.uint8)


def noisy(state=0, **options):
    np.random.seed(state)
    results = dict(
        img=image(),
        img_path='a/b.png',
        img_shape=(40, 50),
        ori_shape=(40, 50))
    transform = TRANSFORMS.build(dict(type='GaussianNoise', **options))
    return transform.transform(results)


@pytest.mark.parametrize('process', ['simple', 'scaled'])
def test_clean_image_can_be_recovered(process):
    results = noisy(sigma=0.22, process=process)
    assert results['img'].dtype == results['gt_noise'].dtype == np.float32
    clean = remove_noise((results['img'] - 127.5) / 127.5, results['gt_noise'],
                         results['noise_sigma'], results['noise_process'])
    assert np.abs(clean * 127.5 + 127.5 - image()).max() < 1e-3
    # neither clipped nor rounded
    assert results['img'].min() < 0 and results['img'].max() > 255


def test_statistics():
    results = noisy(sigma=0.3)
    noise = results['gt_noise']
    assert abs(noise.mean()) < 4 / np.sqrt(noise.size)
    assert abs(noise.var() - 1) < 4 * np.sqrt(2 / noise.size)
    assert results['noise_gamma'] == pytest.approx(0.917431, abs=1e-6)


def test_simple_in_grey_levels():
    results = noisy(sigma=0.2, process='simple')
    expected = image() + 25.5 * results['gt_noise']
    assert np.abs(results['img'] - expected).max() < 1e-3


def test_range_is_drawn_by_image():
    sigmas = {
        noisy(state, sigma=(0.2, 0.3))['noise_sigma']
        for state in (1, 2)
    }
    assert len(sigmas) == 2 and all(0.2 <= s <= 0.3 for s in sigmas)


def test_seeds():

    def noise(*args, **options):
        return noisy(*args, **options)['gt_noise']

    assert np.array_equal(noise(1), noise(1))
    assert not np.array_equal(noise(1), noise(2))
    # a seed of its own: whatever the global state
    assert np.array_equal(noise(1, seed=3), noise(2, seed=3))
    assert not np.array_equal(noise(1, seed=3), noise(1, seed=4))


def test_as_augmentation():
    plain = noisy(prob=0., record=False)
    assert np.array_equal(plain['img'], image()) and 'gt_noise' not in plain
    results = noisy(prob=1., record=False)
    assert 'gt_noise' not in results
    assert not np.array_equal(results['img'], image())


def test_pack():
    packed = PackDenoisingInputs().transform(noisy())
    sample = packed['data_samples']
    assert packed['inputs'].dtype == sample.gt_noise.data.dtype
    assert sample.gt_noise.data.shape == packed['inputs'].shape == (3, 40, 50)
    assert sample.noise_sigma == 0.22 and sample.noise_process == 'scaled'
    assert np.array_equal(
        sample.gt_noise.data.permute(1, 2, 0),
        noisy()['gt_noise'])


def test_errors():
    with pytest.raises(ValueError, match='noise already'):
        GaussianNoise(0.2).transform(noisy())
    with pytest.raises(ValueError, match='finds no noise'):
        PackDenoisingInputs().transform(dict(img=image()))
    results = noisy()
    results['img'] = results['img'][:20]
    with pytest.raises(ValueError, match='does not fit'):
        PackDenoisingInputs().transform(results)
    for options in (dict(process='cold'), dict(prob=0.5), dict(std=0),
                    dict(sigma=0.2, gamma=0.9)):
        with pytest.raises(ValueError, match='GaussianNoise'):
            GaussianNoise(**options)
