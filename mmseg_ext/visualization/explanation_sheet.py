"""A sheet of an image and what a committee of classifiers says of it."""
from typing import Optional, Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from .image_sheet import Panel, draw_sheet
from .panels import heat_map, picture

_TOP = 9
_COLUMNS = 5
_OBJECT = (220, 20, 60)


def draw_explanation(image: Tensor,
                     explanation,
                     truth: Optional[np.ndarray] = None,
                     threshold: int = _TOP) -> np.ndarray:
    """Draw image, map of every classifier, consensus, deciles and label.

    Args:
        image (Tensor): RGB, uint8 (3, h, w).
        explanation (Explanation): What was found; its maps are drawn on the
            grid of the image.
        truth (np.ndarray, optional): Where the object is, bool (H, W).
            Defaults to None.
        threshold (int): Lowest decile of the label. Defaults to 9.

    Returns:
        np.ndarray: The sheet, RGB, (H', W', 3) uint8.
    """
    size = tuple(image.shape[1:])
    view = picture(image.cpu())
    deciles = explanation.deciles.cpu()
    panels = [('image', view)]
    panels += [(name, _heat(values, size))
               for name, values in explanation.members.items()]
    panels += [
        ('consensus', _heat(explanation.scores, size)),
        ('deciles', heat_map(deciles / _TOP, size)),
        ('label', _overlay(view,
                           deciles.numpy() >= threshold)),
    ]
    if truth is not None:
        panels.append(('truth', _overlay(view, truth)))
    return draw_sheet(_rows(panels), panel_width=192)


def _heat(values: Tensor, size: Sequence[int]) -> np.ndarray:
    values = values.detach().float().cpu()
    # few pixels are much brighter than all others
    high = torch.quantile(values.flatten()[::max(values.numel() // 10**6, 1)],
                          0.99)
    low = values.min()
    return heat_map((values - low) / (high - low).clamp(min=1e-12), size)


def _overlay(view: np.ndarray, where: np.ndarray) -> np.ndarray:
    height, width = view.shape[:2]
    where = cv2.resize(
        where.astype(np.uint8), (width, height),
        interpolation=cv2.INTER_NEAREST) > 0
    mixed = view.astype(np.float32)
    mixed[where] = 0.4 * mixed[where] + 0.6 * np.float32(_OBJECT)
    return mixed.round().astype(np.uint8)


def _rows(panels: Sequence[Panel]) -> list:
    return [
        panels[start:start + _COLUMNS]
        for start in range(0, len(panels), _COLUMNS)
    ]
