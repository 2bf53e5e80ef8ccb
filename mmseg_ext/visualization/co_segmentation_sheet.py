"""A sheet of masks that are made of labels of images."""
from typing import Dict, Sequence, Tuple

import cv2
import numpy as np
import torch
from torch import Tensor

from .image_sheet import draw_sheet, overlay_labels
from .panels import heat_map, legend, picture


def draw_co_segmentation(shown: Sequence[Tuple[Tensor, Dict[str, Tensor],
                                               Sequence[int]]],
                         classes: Sequence[str],
                         palette: Sequence[Sequence[int]]) -> np.ndarray:
    """Draw one row an image: masks before and after refinement.

    Args:
        shown (Sequence[tuple]): Image (BGR in 0..255, (3, H, W)), masks by
            stage (bool (P, h, w); ``attention`` is float) and the classes of
            the masks, P indices.
        classes (Sequence[str]): Names of all classes.
        palette (Sequence[Sequence[int]]): RGB colour of each.

    Returns:
        np.ndarray: The sheet, RGB, (H', W', 3) uint8.
    """
    rows, present = [], set()
    for image, masks, channels in shown:
        view = picture(image, rgb=False)
        row = [('image', view)]
        present.update(channels)
        for stage in ('init', 'seeds', 'refined'):
            if stage in masks and len(channels):
                labels = _to_labels(masks[stage].cpu(), channels,
                                    view.shape[:2])
                row.append((stage, overlay_labels(view, labels, palette)))
        if 'attention' in masks and len(channels):
            heat = heat_map(masks['attention'][0].cpu(), view.shape[:2])
            row.insert(-1, (classes[channels[0]], heat))
        rows.append(row)
    order = sorted(present)
    rows[0].append(('classes',
                    legend([classes[i] for i in order],
                           [palette[i] for i in order])))
    return draw_sheet(rows)


def _to_labels(masks: Tensor, channels: Sequence[int],
               size: Sequence[int]) -> np.ndarray:
    """Class of each pixel, 255 without a mask; the first mask wins."""
    labels = torch.full(masks.shape[1:], 255)
    for mask, channel in reversed(list(zip(masks, channels))):
        labels[mask] = channel
    return cv2.resize(
        labels.numpy().astype(np.uint8),
        tuple(size)[::-1],
        interpolation=cv2.INTER_NEAREST)
