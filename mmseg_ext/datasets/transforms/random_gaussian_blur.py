from typing import Tuple

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomGaussianBlur(BaseTransform):
    """Blur an image with a Gaussian of random width.

    Modified keys: ``img``.

    Args:
        sigma (tuple[float, float]): Range of the standard deviation in
            pixels. Defaults to (0.1, 2.0), as in UniMatch (arXiv 2208.09910).
        prob (float): Probability to blur an image. Defaults to 0.5.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 sigma: Tuple[float, float] = (0.1, 2.0),
                 prob: float = 0.5) -> None:
        if len(sigma) != 2 or not 0 < sigma[0] <= sigma[1]:
            raise ValueError('RandomGaussianBlur.sigma must be a range of '
                             f'positive numbers, but got {sigma}.')
        if not 0 <= prob <= 1:
            raise ValueError('RandomGaussianBlur.prob must be in [0, 1], but '
                             f'got {prob}.')
        self.sigma = tuple(sigma)
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Blur the image.

        Args:
            results (dict): Results with ``img``.

        Returns:
            dict: The same with the blurred image.
        """
        if np.random.rand() < self.prob:
            sigma = np.random.uniform(*self.sigma)
            # Kernel size (0, 0): cv2 chooses it by sigma.
            results['img'] = cv2.GaussianBlur(results['img'], (0, 0), sigma)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(sigma={self.sigma}, prob={self.prob})'
