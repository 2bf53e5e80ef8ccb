"""Mixing the images of a batch by boxes.

Shape shorthand: N images (N, C, H, W); maps (N, h, w) or (N, D, h, w) that
belong to them, on any grid.
"""
from typing import Tuple

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn

from .masks import resize_nearest


class BoxMix:
    """Pastes into each image of a batch a box of the image ahead of it.

    The first image takes from the last. A batch of one image stays as it is.

    Args:
        inside (Tensor): Pixels of the box of each image, bool (N, H, W).
    """

    def __init__(self, inside: Tensor) -> None:
        self.inside = inside

    def __call__(self, maps: Tensor) -> Tensor:
        """Mix images, or maps that belong to them.

        Args:
            maps (Tensor): (N, h, w) or (N, D, h, w) of any type. On another
                grid than the images the boxes are those of the nearest
                pixels.

        Returns:
            Tensor: As ``maps``; the input is left alone.
        """
        inside = resize_nearest(self.inside, maps.shape[-2:])
        if maps.dim() == 4:
            inside = inside[:, None]
        return torch.where(inside, maps.roll(1, dims=0), maps)


def unmixed(maps: Tensor) -> Tensor:
    """In the place of a :class:`BoxMix` for images that are not mixed."""
    return maps


@MODELS.register_module()
class CutMix(nn.Module):
    """Draws the boxes by which the images of a batch are mixed.

    Of `CutMix: Regularization Strategy to Train Strong Classifiers with
    Localizable Features <https://arxiv.org/abs/1905.04899>`_, with the boxes
    of `Revisiting Weak-to-Strong Consistency in Semi-Supervised Semantic
    Segmentation <https://arxiv.org/abs/2208.09910>`_: each image gets at most
    one; its share of the image is uniform in ``area``, its aspect uniform
    among those of ``aspect`` that fit, its place uniform within the image.

    All is drawn by the generator of the CPU, in a number that does not depend
    on the outcome: no wait for the device, and a resumed run draws the same.

    Args:
        prob (float): Probability of an image to get a box. Defaults to 0.5.
        area (tuple[float, float]): Range of the box's share of the image, in
            (0, 1). Defaults to (0.02, 0.4).
        aspect (tuple[float, float]): Range of height over width, in units of
            the image's height and width, around 1. Defaults to (0.3, 1/0.3).

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        prob: float = 0.5,
        area: Tuple[float, float] = (0.02, 0.4),
        aspect: Tuple[float, float] = (0.3, 1 / 0.3)
    ) -> None:
        super().__init__()
        if not 0 <= prob <= 1:
            raise ValueError(
                f'CutMix.prob must be a probability but is {prob}.')
        if len(area) != 2 or not 0 < area[0] <= area[1] < 1:
            raise ValueError('CutMix.area must be a range (smallest, largest) '
                             f'within (0, 1) but is {area}.')
        if len(aspect) != 2 or not 0 < aspect[0] <= 1 <= aspect[1]:
            raise ValueError('CutMix.aspect must be a range (smallest, '
                             f'largest) around 1 but is {aspect}.')
        self.prob = prob
        self.area = tuple(area)
        self.aspect = tuple(aspect)

    def forward(self, images: Tensor) -> BoxMix:
        """Draw the boxes of a batch.

        Args:
            images (Tensor): (N, C, H, W); only its shape and device are read.

        Returns:
            BoxMix: Mixes the images and all maps that belong to them.
        """
        height, width = images.shape[-2:]
        boxes = self.sample_boxes(len(images), height, width)
        top, left, bottom, right = boxes.to(
            images.device, non_blocking=True)[:, :, None, None].unbind(1)
        row = torch.arange(height, device=images.device)[:, None]
        column = torch.arange(width, device=images.device)
        return BoxMix((row >= top) & (row < bottom) & (column >= left)
                      & (column < right))

    def sample_boxes(self, num: int, height: int, width: int) -> Tensor:
        """Draw boxes.

        Args:
            num (int): Number N of images.
            height (int): Height of the images.
            width (int): Width of the images.

        Returns:
            Tensor: (top, left, bottom, right), the last two exclusive, int64
            of shape (N, 4) on the CPU; (0, 0, 0, 0) for an image without.
        """
        chance, area, aspect, top, left = torch.rand(5, num)
        area = self.area[0] + area * (self.area[1] - self.area[0])
        # no side longer than the image's
        low = area.clamp(min=self.aspect[0])
        high = (1 / area).clamp(max=self.aspect[1])
        aspect = low + aspect * (high - low)
        height_in = ((area * aspect).sqrt() * height).long().clamp(max=height)
        width_in = ((area / aspect).sqrt() * width).long().clamp(max=width)
        top = (top * (height - height_in + 1)).long()
        left = (left * (width - width_in + 1)).long()
        boxes = torch.stack([top, left, top + height_in, left + width_in], 1)
        return boxes * (chance < self.prob)[:, None]

    def extra_repr(self) -> str:
        """Settings."""
        return f'prob={self.prob}, area={self.area}, aspect={self.aspect}'
