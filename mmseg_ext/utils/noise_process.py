"""Gaussian noise on images and its removal, for arrays and tensors alike.

Images are in noise space: values in [-1, 1], which is
``(raw - 127.5) / 127.5``. ``sigma`` is the standard deviation of the noise in
that unit, a number or of shape (N, 1, 1, 1); ``gamma = 1 / (1 + sigma^2)``.
"""
import math
from typing import Optional, Sequence, Union

import numpy as np

PROCESSES = ('scaled', 'simple')
# gamma = 0 has no finite sigma; at gamma = 1 there is no noise to divide by.
_MIN_GAMMA, _MAX_GAMMA = 1e-4, 1 - 1e-6
# Signal left at time t of a diffusion, t uniform in [0, 1]: arXiv 2102.09672,
# and the continuous form of the linear schedule of arXiv 2006.11239.
_SCHEDULES = dict(
    cosine=lambda t: np.cos(t * math.pi / 2)**2,
    linear=lambda t: np.exp(-(0.1 * t + 9.95 * t**2)))

Level = Union[float, Sequence[float]]


def add_noise(clean, noise, sigma, process: str = 'scaled'):
    """Add noise of standard deviation ``sigma``.

    Args:
        clean (np.ndarray or Tensor): Images in noise space.
        noise (np.ndarray or Tensor): Standard normal, of the same shape.
        sigma (float, np.ndarray or Tensor): Level of the noise.
        process (str): ``'simple'``, :math:`x + \\sigma\\epsilon`, or
            ``'scaled'``, that divided by :math:`\\sqrt{1 + \\sigma^2}`.
            Defaults to 'scaled'.

    Returns:
        np.ndarray or Tensor: Noisy images, neither clipped nor rounded.
    """
    noisy = clean + sigma * noise
    return noisy / (1 + sigma**2)**0.5 if process == 'scaled' else noisy


def remove_noise(noisy, noise, sigma, process: str = 'scaled'):
    """Take known or predicted noise out; the inverse of :func:`add_noise`."""
    if process == 'scaled':
        noisy = noisy * (1 + sigma**2)**0.5
    return noisy - sigma * noise


def find_noise(noisy, clean, sigma, process: str = 'scaled'):
    """The noise that makes ``clean`` ``noisy``."""
    if process == 'scaled':
        noisy = noisy * (1 + sigma**2)**0.5
    return (noisy - clean) / sigma


def gamma_to_sigma(gamma):
    """Level of the noise at which ``gamma`` of the variance is signal."""
    gamma = np.clip(gamma, _MIN_GAMMA, _MAX_GAMMA)
    return np.sqrt((1 - gamma) / gamma)


class NoiseLevel:
    """Distribution of the level of the noise, one draw an image.

    Args:
        sigma (float or Sequence[float], optional): Standard deviation in
            noise space, or the range in which it is uniform. Defaults to
            None.
        gamma (float, Sequence[float] or str, optional): Instead of ``sigma``
            the share of the signal in the variance, or the range in which
            that is uniform, in [0, 1]; ``'cosine'`` or ``'linear'`` is that
            schedule of a diffusion, at a uniform time. Defaults to None.
        field (str): Config field, for messages.

    Raises:
        ValueError: Unless one of the two is given and is in its range.
    """

    def __init__(self,
                 sigma: Optional[Level] = None,
                 gamma: Union[Level, str, None] = None,
                 field: str = 'GaussianNoise') -> None:
        if (sigma is None) == (gamma is None):
            raise ValueError(f'{field} needs either sigma or gamma but has '
                             f'sigma={sigma} and gamma={gamma}.')
        name, value = ('sigma', sigma) if gamma is None else ('gamma', gamma)
        self.is_gamma = gamma is not None
        self.schedule = None
        if isinstance(value, str):
            if not self.is_gamma or value not in _SCHEDULES:
                raise ValueError(f'{field}.gamma must be a number, a range or '
                                 f'one of {list(_SCHEDULES)}, but {name} is '
                                 f'{value!r}.')
            self.schedule = _SCHEDULES[value]
            return
        limits = (value, value) if np.isscalar(value) else tuple(value)
        upper = 1 if self.is_gamma else math.inf
        if len(limits) != 2 or not 0 <= limits[0] <= limits[1] <= upper:
            raise ValueError(
                f'{field}.{name} must be a number >= 0'
                f'{" and <= 1" if self.is_gamma else ""} or a range of such '
                f'but is {value}.')
        if limits[1] == 0 or (self.is_gamma and limits[0] == 1):
            raise ValueError(f'{field}.{name} is {value}, which adds no noise '
                             'or nothing but noise.')
        self.limits = limits

    @property
    def is_fixed(self) -> bool:
        """bool: whether all images have the same level."""
        return self.schedule is None and self.limits[0] == self.limits[1]

    def at(self, uniform):
        """Levels for uniform random numbers.

        Args:
            uniform (float or np.ndarray): Numbers in [0, 1].

        Returns:
            float or np.ndarray: ``sigma``, of the same shape.
        """
        if self.schedule is not None:
            return gamma_to_sigma(self.schedule(np.asarray(uniform)))
        low, high = self.limits
        value = low + (high - low) * np.asarray(uniform)
        return gamma_to_sigma(value) if self.is_gamma else value

    def mean(self, function=lambda sigma: sigma) -> float:
        """Expectation of a function of the level."""
        middles = (np.arange(1000) + 0.5) / 1000
        return float(np.mean(function(self.at(middles))))


def check_process(process: str, field: str) -> None:
    """Raise unless a config field names a process."""
    if process not in PROCESSES:
        raise ValueError(f'{field}.process must be one of {list(PROCESSES)} '
                         f'but is {process!r}.')
