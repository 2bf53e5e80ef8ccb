"""Noise on preprocessed images, in the unit that the method defines.

Shape shorthand: images (N, 3, H, W) as a preprocessor leaves them. Noise space
is raw values in [-1, 1], whatever the network's own normalisation is.
"""
from typing import NamedTuple, Tuple

import torch
import torch.nn.functional as F
from mmseg.utils import SampleList
from torch import Tensor, nn

from ...utils.noise_process import add_noise
from .noise_sampler import NoiseSampler

# Zero and unit of noise space in grey levels.
_MEAN = _STD = 127.5


class NoisyBatch(NamedTuple):
    """Images with noise; all maps in noise space but ``inputs``.

    Args:
        inputs (Tensor): What the network is fed, (N, 3, H, W).
        noisy (Tensor): The same in noise space.
        noise (Tensor): Standard normal noise, (N, 3, H, W).
        sigma (Tensor): Levels, (N, 1, 1, 1).
        process (str): ``'scaled'`` or ``'simple'``.
    """
    inputs: Tensor
    noisy: Tensor
    noise: Tensor
    sigma: Tensor
    process: str


def noise_space(preprocessor: nn.Module,
                images: Tensor) -> Tuple[Tensor, Tensor]:
    """Factor and summand that lead from the network's input to noise space.

    Args:
        preprocessor (nn.Module): The data preprocessor.
        images (Tensor): What it has made; tells type and device.
    """
    mean, std = images.new_zeros(()), images.new_ones(())
    if getattr(preprocessor, '_enable_normalize', False):
        mean, std = preprocessor.mean, preprocessor.std
    return std / _STD, (mean - _MEAN) / _STD


def swap_channels(preprocessor: nn.Module, maps: Tensor) -> Tensor:
    """Lead maps (..., 3, H, W) from the file's order of channels to the
    network's, or back."""
    swap = getattr(preprocessor, 'channel_conversion', False)
    return maps.flip(-3) if swap else maps


def draw_noise(preprocessor: nn.Module, images: Tensor,
               sampler: NoiseSampler) -> NoisyBatch:
    """Add noise to clean images.

    Args:
        preprocessor (nn.Module): The data preprocessor.
        images (Tensor): Clean images, float32.
        sampler (NoiseSampler): What draws the levels.
    """
    scale, shift = noise_space(preprocessor, images)
    sigma, noise = sampler.sample(images)
    noisy = add_noise(images * scale + shift, noise, sigma, sampler.process)
    return NoisyBatch((noisy - shift) / scale, noisy, noise, sigma,
                      sampler.process)


def recorded_noise(preprocessor: nn.Module, images: Tensor,
                   samples: SampleList) -> NoisyBatch:
    """Find the noise that the pipeline has added.

    Args:
        preprocessor (nn.Module): The data preprocessor.
        images (Tensor): Noisy images, float32.
        samples (list[SegDataSample]): Samples with ``gt_noise``.
    """
    scale, shift = noise_space(preprocessor, images)
    height, width = images.shape[2:]
    noise = torch.stack([
        F.pad(sample.gt_noise.data,
              (0, width - sample.gt_noise.data.shape[2], 0,
               height - sample.gt_noise.data.shape[1])) for sample in samples
    ])
    sigma = torch.tensor([sample.noise_sigma for sample in samples],
                         dtype=images.dtype)
    sigma = sigma.to(images.device, non_blocking=True)
    return NoisyBatch(
        images, images * scale + shift,
        swap_channels(preprocessor, noise.to(images, non_blocking=True)),
        sigma.view(-1, 1, 1, 1), samples[0].noise_process)
