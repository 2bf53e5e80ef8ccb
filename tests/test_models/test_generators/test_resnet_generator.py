import pytest
import torch

from mmseg_ext.models.generators import ResnetGenerator


def test_size_of_the_published_network():
    with torch.device('meta'):
        generator = ResnetGenerator()
        images = torch.empty(1, 3, 452, 452)
    assert sum(p.numel() for p in generator.parameters()) == 11378179
    assert generator(images).shape == images.shape


@pytest.mark.parametrize('num_downsamples, size', [(2, (12, 20)), (1, (6, 10)),
                                                   (0, (5, 7))])
def test_keeps_size_and_range(num_downsamples, size):
    generator = ResnetGenerator(
        ngf=4, num_blocks=1, num_downsamples=num_downsamples)
    generator.init_weights()
    images = 9 * torch.randn(2, 3, *size)
    made = generator(images)
    assert made.shape == images.shape and made.abs().max() <= 1
    assert generator.stride == 2**num_downsamples


def test_statistics_are_those_of_the_image_in_both_modes():
    generator = ResnetGenerator(ngf=4, num_blocks=1)
    images = torch.randn(2, 3, 12, 16)
    both = generator(images)
    generator.eval()
    torch.testing.assert_close(generator(images[:1]), both[:1])


def test_initialisation():
    generator = ResnetGenerator(ngf=32, num_blocks=1)
    generator.init_weights()
    for name, param in generator.named_parameters():
        if name.endswith('bias'):
            assert not param.any()
        elif param.numel() > 1000:
            assert param.std().item() == pytest.approx(0.02, rel=0.1), name


def test_size_that_does_not_fit():
    with pytest.raises(ValueError, match='multiples of 4 but got 13x16'):
        ResnetGenerator(ngf=4, num_blocks=1)(torch.zeros(1, 3, 13, 16))
    with pytest.raises(ValueError, match='num_blocks is -1'):
        ResnetGenerator(num_blocks=-1)
