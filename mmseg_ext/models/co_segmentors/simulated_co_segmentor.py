from typing import Dict, Optional, Sequence

import cv2
import numpy as np
import torch
from mmseg.registry import MODELS
from torch import Tensor

from .base import BaseCoSegmentor


@MODELS.register_module()
class SimulatedCoSegmentor(BaseCoSegmentor):
    """The truth, spoilt to a stated IoU: stands in for foundation models.

    It reads labels of pixels, which a step of the protocol may not see, so
    its results are simulations and are to be called so. The border of each
    mask is moved by smooth noise, whose strength is found by bisection.

    Args:
        iou (float): IoU of each mask with the truth, about. Defaults to 0.6.
        stride (int): Side of a cell in pixels. Defaults to 4.
        smoothness (float): Standard deviation of the noise's blur, in pixels.
            Defaults to 6.

    Raises:
        ValueError: If ``iou`` is not in (0, 1].
    """

    reads_truth = True

    def __init__(self,
                 iou: float = 0.6,
                 stride: int = 4,
                 smoothness: float = 6.) -> None:
        super().__init__()
        if not 0 < iou <= 1:
            raise ValueError('SimulatedCoSegmentor.iou must be in (0, 1] but '
                             f'is {iou}.')
        self.iou = iou
        self.stride = stride
        self.smoothness = smoothness

    def recipe(self) -> dict:
        """Its options."""
        return dict(
            type=type(self).__name__,
            iou=self.iou,
            stride=self.stride,
            smoothness=self.smoothness)

    def masks(self,
              image: Tensor,
              classes: Sequence[str],
              seed: int,
              truth: Optional[Tensor] = None) -> Dict[str, Tensor]:
        """See :meth:`BaseCoSegmentor.masks`."""
        if truth is None:
            raise ValueError('SimulatedCoSegmentor needs labels of pixels: '
                             'run it with tools/cosegment.py.')
        rng = np.random.default_rng(seed)
        truth = truth.cpu().numpy()
        size = tuple(-(-side // self.stride) for side in truth.shape)
        made = []
        for i in range(len(classes)):
            mask = self._spoil(truth == i, rng)
            made.append(
                cv2.resize(
                    mask.astype(np.uint8),
                    size[::-1],
                    interpolation=cv2.INTER_NEAREST_EXACT))
        masks = torch.from_numpy(np.stack(made) > 0).to(image.device)
        return dict(init=masks, refined=masks)

    def _spoil(self, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        noise = rng.standard_normal(mask.shape).astype(np.float32)
        noise = cv2.GaussianBlur(noise, (0, 0), self.smoothness)
        noise /= noise.std()
        if not mask.any() or self.iou == 1:
            return mask
        inside = mask.astype(np.uint8)
        distance = cv2.distanceTransform(inside, cv2.DIST_L2,
                                         3) - cv2.distanceTransform(
                                             1 - inside, cv2.DIST_L2, 3)
        low, high = 0., float(max(mask.shape))
        for _ in range(12):
            strength = (low + high) / 2
            spoilt = distance + strength * noise > 0
            found = (spoilt & mask).sum() / max((spoilt | mask).sum(), 1)
            low, high = (strength, high) if found > self.iou else (low,
                                                                   strength)
        return spoilt
