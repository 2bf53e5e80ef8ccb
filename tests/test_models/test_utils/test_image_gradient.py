import cv2
import numpy as np
import pytest
import torch

import mmseg_ext  # noqa: F401
from mmseg_ext.datasets.toystreet_generator import generate
from mmseg_ext.models.utils.image_gradient import ImageGradient, canny


@pytest.fixture(scope='module')
def images(tmp_path_factory):
    """Two street scenes and noise, 8 bits."""
    root = tmp_path_factory.mktemp('scenes')
    generate(str(root), num_train=2, num_val=1, seed=0)
    scenes = [
        cv2.imread(str(path))
        for path in sorted((root / 'day/images/train').glob('*'))
    ]
    noise = np.random.default_rng(0).integers(0, 256, scenes[0].shape)
    return np.stack([*scenes, noise.astype(np.uint8)])


def as_tensor(images):
    return torch.from_numpy(images).permute(0, 3, 1, 2).float()


def by_opencv(images, low=10, high=100):
    maps = [cv2.Canny(image, low, high) > 0 for image in images]
    return torch.from_numpy(np.stack(maps))[:, None]


@pytest.mark.parametrize('low, high', [(10, 100), (50, 150), (100, 400)])
def test_tensor_operations_are_opencvs(images, low, high):
    found = canny(as_tensor(images), low, high)
    expected = by_opencv(images, low, high)
    assert expected.any() and torch.equal(found > 0, expected)


def test_rounds_follow_weak_edges(images):
    whole = canny(as_tensor(images), 10, 100)
    shares = []
    for rounds in (0, 4, 64):
        found = canny(as_tensor(images), 10, 100, rounds)
        assert (found <= whole).all()
        shares.append((found.sum() / whole.sum()).item())
    assert shares[0] < shares[1] < shares[2] and shares[2] > 0.95


def test_image_is_recovered_from_the_normalised_one(images):
    gradient = ImageGradient(mean=[120., 110., 100.], std=[58., 57., 56.])
    mean, std = (x.view(1, 3, 1, 1) for x in (gradient.mean, gradient.std))
    found = gradient((as_tensor(images) - mean) / std)
    assert found.dtype == torch.float32
    assert torch.equal(found > 0, by_opencv(images))
    assert set(found.unique().tolist()) == {0., 1.}


@pytest.mark.parametrize('compiling', [False, True])
def test_torch_2_1_knows_elsewhere_whether_it_compiles(images, monkeypatch,
                                                       compiling):
    monkeypatch.delattr(torch.compiler, 'is_compiling', raising=False)
    monkeypatch.setattr(torch._utils, 'is_compiling', lambda: compiling)
    by_opencv = []
    gradient = ImageGradient()
    monkeypatch.setattr(gradient, '_canny_on_cpu', by_opencv.append)
    gradient(as_tensor(images))
    assert len(by_opencv) == 1 - compiling


def test_sobel_and_none():
    step = torch.zeros(1, 3, 6, 8)
    step[..., 4:] = 255 / 8
    kwargs = dict(mean=[0.] * 3, std=[1.] * 3)
    found = ImageGradient('sobel', **kwargs)(step)
    expected = torch.zeros(1, 1, 6, 8)
    expected[..., 3:5] = 0.5
    torch.testing.assert_close(found, expected)
    assert ImageGradient('sobel', **kwargs)(64 * step).max() == 1
    assert not ImageGradient('none')(step).any()


def test_refuses_an_unknown_mode():
    with pytest.raises(ValueError, match='image_gradient.mode'):
        ImageGradient('laplace')


def test_edges_of_the_normalised_image(images):
    """A cast to bytes of what the network is fed, wrapped modulo 256."""
    mean = torch.tensor([123.675, 116.28, 103.53]).view(1, 3, 1, 1)
    std = torch.tensor([58.395, 57.12, 57.375]).view(1, 3, 1, 1)
    normalised = (as_tensor(images) - mean) / std
    found = ImageGradient('canny_normalized')(normalised)
    wrapped = normalised.permute(0, 2, 3, 1).long().numpy().astype(np.uint8)
    assert set(np.unique(wrapped)) <= {0, 1, 2, 254, 255}
    expected = by_opencv(wrapped)
    assert expected.any() and torch.equal(found > 0, expected)
    assert not torch.equal(found, ImageGradient('canny')(normalised))
