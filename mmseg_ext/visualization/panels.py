"""What tensors look like as panels of a sheet."""
from typing import Optional, Sequence

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def picture(image: Tensor,
            mean: Optional[Tensor] = None,
            std: Optional[Tensor] = None,
            rgb: bool = True) -> np.ndarray:
    """An image as it was before the preprocessor.

    Args:
        image (Tensor): What the network is fed, (C, H, W); of more than three
            channels the first three are shown, of less the first one.
        mean (Tensor, optional): Subtracted by the preprocessor, (3, 1, 1).
            Defaults to None, not normalised.
        std (Tensor, optional): Divided by, (3, 1, 1). Defaults to None.
        rgb (bool): Whether the network is fed RGB, else BGR. Defaults to
            True.

    Returns:
        np.ndarray: RGB, (H, W, 3) uint8.
    """
    image = image.float()
    if mean is not None:
        image = image * std.cpu() + mean.cpu()
    image = image[:3] if len(image) >= 3 else image[:1].expand(3, -1, -1)
    if not rgb:
        image = image.flip(0)
    image = image.clamp(0, 255).round().byte().permute(1, 2, 0)
    return np.ascontiguousarray(image.numpy())


def resize_labels(labels: Tensor, size: Sequence[int]) -> np.ndarray:
    """Resize class ids or a mask by nearest neighbour.

    Args:
        labels (Tensor): Shape (h, w) or (1, h, w).
        size (Sequence[int]): Height and width.

    Returns:
        np.ndarray: int64, (H, W).
    """
    labels = labels.float().reshape(1, 1, *labels.shape[-2:])
    return F.interpolate(labels, tuple(size))[0, 0].long().numpy()


def heat_map(values: Tensor, size: Sequence[int]) -> np.ndarray:
    """Colours of values in [0, 1], blue to red.

    Args:
        values (Tensor): Shape (h, w) or (1, h, w); values outside are cut
            off.
        size (Sequence[int]): Height and width.

    Returns:
        np.ndarray: RGB, (H, W, 3) uint8.
    """
    values = values.float().nan_to_num().clamp(0, 1)
    values = F.interpolate(
        values.reshape(1, 1, *values.shape[-2:]), tuple(size))[0, 0]
    grey = (values * 255).round().to(torch.uint8).numpy()
    return cv2.applyColorMap(grey, cv2.COLORMAP_JET)[..., ::-1].copy()


def legend(classes: Sequence[str],
           palette: Sequence[Sequence[int]],
           width: int = 256) -> np.ndarray:
    """A line for each class, with its colour.

    Args:
        classes (Sequence[str]): Names of the classes.
        palette (Sequence[Sequence[int]]): RGB colour of each.
        width (int): Width in pixels. Defaults to 256.

    Returns:
        np.ndarray: RGB, (18 * C, width, 3) uint8.
    """
    lines = np.full((18 * len(classes), width, 3), 255, np.uint8)
    for i, (name, color) in enumerate(zip(classes, palette)):
        top = 18 * i
        lines[top + 2:top + 16, 2:30] = color
        cv2.putText(lines, name, (36, top + 14), cv2.FONT_HERSHEY_SIMPLEX,
                    0.45, (0, 0, 0), 1, cv2.LINE_AA)
    return lines
