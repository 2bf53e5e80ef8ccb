from typing import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def boundary_map(labels: Tensor,
                 radius: float = 2,
                 ignore_index: int = 255,
                 ignore_classes: Sequence[int] = (),
                 image_border: bool = True) -> Tensor:
    """Which pixels lie at a boundary between classes.

    A pixel does if another label lies within the radius. Void counts as a
    label, and is what lies outside the image. It equals the union over the
    classes of the pixels whose Euclidean distance to the other side of the
    class is at most the radius, as in `Gated-SCNN
    <https://arxiv.org/abs/1907.05740>`_.

    Args:
        labels (Tensor): Label maps, integers (N, H, W).
        radius (float): In pixels. Defaults to 2, a band of four pixels.
        ignore_index (int): Label of void. Defaults to 255.
        ignore_classes (Sequence[int]): Classes that count as void. The
            authors' code has ``(0, )``. Defaults to ().
        image_border (bool): Whether the frame of the image is a boundary.
            Defaults to True.

    Returns:
        Tensor: bool (N, H, W).
    """
    for index in ignore_classes:
        labels = labels.masked_fill(labels == index, ignore_index)
    reach = int(radius)
    height, width = labels.shape[1:]
    inside = F.pad(torch.ones_like(labels, dtype=torch.bool), [reach] * 4)
    padded = F.pad(labels, [reach] * 4, value=ignore_index)
    found = torch.zeros_like(labels, dtype=torch.bool)
    for y in range(2 * reach + 1):
        for x in range(2 * reach + 1):
            if not 0 < (y - reach)**2 + (x - reach)**2 <= radius**2:
                continue
            window = (..., slice(y, y + height), slice(x, x + width))
            differs = padded[window] != labels
            if not image_border:
                differs &= inside[window]
            found |= differs
    return found
