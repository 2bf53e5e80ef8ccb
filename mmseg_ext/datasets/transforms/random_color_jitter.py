from typing import Sequence, Tuple, Union

import cv2
import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

Strength = Union[float, Sequence[float]]
Range = Tuple[float, float]
# No change, and the limits of any range.
FACTOR = 1., (0., np.inf)
SHIFT = 0., (-0.5, 0.5)


@TRANSFORMS.register_module()
class RandomColorJitter(BaseTransform):
    """Change brightness, contrast, saturation and hue in random order.

    The strong view of ELN (arXiv 2204.02078: 0.4, 0.4, 0.4, 0.1, always) and
    of most semi-supervised methods (0.5, 0.5, 0.5, 0.25 with probability
    0.8). Same meaning as torchvision's ``ColorJitter``: each factor is
    uniform in [max(0, 1 - x), 1 + x], the hue shift uniform in [-x, x] of the
    full circle, the order of the four random. Works on BGR images in
    [0, 255], uint8 or float (whose hue is changed at 8 bits).

    Modified keys: ``img``.

    Args:
        brightness (float or tuple): Strength, or the range of the factor.
            Defaults to 0.
        contrast (float or tuple): As ``brightness``. Defaults to 0.
        saturation (float or tuple): As ``brightness``. Defaults to 0.
        hue (float or tuple): Strength in [0, 0.5], or the range of the shift
            in [-0.5, 0.5]. Defaults to 0.
        prob (float): Probability to change an image. Defaults to 1.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 brightness: Strength = 0.,
                 contrast: Strength = 0.,
                 saturation: Strength = 0.,
                 hue: Strength = 0.,
                 prob: float = 1.) -> None:
        if not 0 <= prob <= 1:
            raise ValueError('RandomColorJitter.prob must be in [0, 1], but '
                             f'got {prob}.')
        self.prob = prob
        self.brightness = _parse_range('brightness', brightness, *FACTOR)
        self.contrast = _parse_range('contrast', contrast, *FACTOR)
        self.saturation = _parse_range('saturation', saturation, *FACTOR)
        self.hue = _parse_range('hue', hue, *SHIFT)

    def transform(self, results: dict) -> dict:
        """Change the image.

        Args:
            results (dict): Results with ``img``, (H, W, 3).

        Returns:
            dict: The same with the changed image.
        """
        if np.random.rand() >= self.prob:
            return results
        steps = ((self.brightness, mmcv.adjust_brightness),
                 (self.contrast, mmcv.adjust_contrast),
                 (self.saturation, mmcv.adjust_color), (self.hue, shift_hue))
        image = results['img']
        for i in np.random.permutation(len(steps)):
            bounds, adjust = steps[i]
            if bounds is not None:
                image = adjust(image, np.random.uniform(*bounds))
        results['img'] = image
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(brightness={self.brightness}, '
                f'contrast={self.contrast}, saturation={self.saturation}, '
                f'hue={self.hue}, prob={self.prob})')


def shift_hue(image: np.ndarray, shift: float) -> np.ndarray:
    """Turn the hue of a BGR image.

    ``mmcv.adjust_hue`` casts a negative float to uint8, whose result depends
    on the processor.

    Args:
        image (np.ndarray): Image in [0, 255], (H, W, 3).
        shift (float): Part of the full circle, in [-0.5, 0.5].

    Returns:
        np.ndarray: Image of the same type.
    """
    hsv = cv2.cvtColor(image.astype(np.uint8), cv2.COLOR_BGR2HSV_FULL)
    hsv[..., 0] += np.uint8(int(shift * 255) % 256)  # wraps at 256
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR_FULL).astype(image.dtype)


def _parse_range(name: str, value: Strength, center: float, limits: Range):
    """Range of a factor; None where it never changes an image."""
    if isinstance(value, (int, float)):
        bounds = (max(center - value, limits[0]), center + value)
        is_wrong = value < 0
    else:
        bounds = tuple(value)
        is_wrong = len(bounds) != 2
    if is_wrong or not limits[0] <= bounds[0] <= bounds[1] <= limits[1]:
        raise ValueError(
            f'RandomColorJitter.{name} must be a strength >= 0 or a range '
            f'within {limits}, but got {value}.')
    return None if bounds == (center, center) else bounds
