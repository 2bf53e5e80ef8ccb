"""A sheet that shows where pseudo labels come from and what is kept.

Shape shorthand: N images (N, 3, H, W); maps (N, h, w) on any grid.
"""
from typing import List, Mapping, Optional, Sequence

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .image_sheet import Panel, draw_sheet, hatch, overlay_labels

_REJECTED = (60, 60, 60)


def draw_pseudo_labels(captured: Mapping[str, Tensor],
                       classes: Sequence[str],
                       palette: Sequence[Sequence[int]],
                       mean: Optional[Tensor] = None,
                       std: Optional[Tensor] = None,
                       rgb: bool = True,
                       num_images: int = 4) -> np.ndarray:
    """Draw one row an image: views, teacher, kept labels, student, truth.

    Args:
        captured (dict[str, Tensor]): ``image`` and ``strong_image``
            (N, 3, H, W) as fed to the network; ``pseudo_label``,
            ``keep_mask``, ``confidence`` (N, h, w). Where there are:
            ``student_prediction``, ``gt``, ``error_score`` and
            ``valid_mask`` (N, h, w).
        classes (Sequence[str]): Class names for the legend.
        palette (Sequence[Sequence[int]]): RGB colour of each class.
        mean (Tensor, optional): Subtracted by the preprocessor, (3, 1, 1).
            Defaults to None, not normalised.
        std (Tensor, optional): Divided by, (3, 1, 1). Defaults to None.
        rgb (bool): Whether the network is fed RGB, else BGR. Defaults to
            True.
        num_images (int): Rows at most. Defaults to 4.

    Returns:
        np.ndarray: The sheet, RGB, (H', W', 3) uint8.
    """
    rows = []
    for i in range(min(num_images, len(captured['image']))):
        sample = {
            name: None if value is None else value[i].detach().cpu()
            for name, value in captured.items()
        }
        for name in ('image', 'strong_image'):
            sample[name] = _picture(sample[name], mean, std, rgb)
        rows.append(_row(sample, palette))
    rows[0].append(('classes', _legend(classes, palette)))
    return draw_sheet(rows)


def _row(sample: Mapping, palette: Sequence[Sequence[int]]) -> List[Panel]:
    image = sample['image']
    size = image.shape[:2]
    label = _resized(sample['pseudo_label'], size)
    keep = _resized(sample['keep_mask'], size).astype(bool)
    valid = sample.get('valid_mask')
    valid = (
        np.ones(size, bool)
        if valid is None else _resized(valid, size).astype(bool))
    kept = overlay_labels(image, label, palette)
    kept[~keep] = _REJECTED
    share = (keep & valid).sum() / max(valid.sum(), 1)
    panels = [('weak view', image), ('strong view', sample['strong_image']),
              ('teacher', overlay_labels(image, label, palette)),
              (f'kept {share:.0%}', kept),
              ('confidence', _heat(sample['confidence'], size))]
    if sample.get('error_score') is not None:
        panels.append(('error score', _heat(sample['error_score'], size)))
    for name, title in (('student_prediction', 'student'), ('gt', 'truth')):
        if sample.get(name) is not None:
            panels.append((title,
                           overlay_labels(image, _resized(sample[name], size),
                                          palette)))
    return [(title, hatch(view, ~valid)) for title, view in panels]


def _picture(image: Tensor, mean: Optional[Tensor], std: Optional[Tensor],
             rgb: bool) -> np.ndarray:
    image = image.float()
    if mean is not None:
        image = image * std.cpu() + mean.cpu()
    image = image[:3] if len(image) >= 3 else image[:1].expand(3, -1, -1)
    if not rgb:
        image = image.flip(0)
    image = image.clamp(0, 255).round().byte().permute(1, 2, 0)
    return np.ascontiguousarray(image.numpy())


def _resized(labels: Tensor, size: Sequence[int]) -> np.ndarray:
    labels = labels.float().reshape(1, 1, *labels.shape[-2:])
    return F.interpolate(labels, tuple(size))[0, 0].long().numpy()


def _heat(values: Tensor, size: Sequence[int]) -> np.ndarray:
    """Colours of values in [0, 1], blue to red."""
    values = values.float().nan_to_num().clamp(0, 1)
    values = F.interpolate(
        values.reshape(1, 1, *values.shape[-2:]), tuple(size))[0, 0]
    grey = (values * 255).round().to(torch.uint8).numpy()
    return cv2.applyColorMap(grey, cv2.COLORMAP_JET)[..., ::-1].copy()


def _legend(classes: Sequence[str],
            palette: Sequence[Sequence[int]],
            width: int = 256) -> np.ndarray:
    legend = np.full((18 * len(classes), width, 3), 255, np.uint8)
    for i, (name, color) in enumerate(zip(classes, palette)):
        top = 18 * i
        legend[top + 2:top + 16, 2:30] = color
        cv2.putText(legend, name, (36, top + 14), cv2.FONT_HERSHEY_SIMPLEX,
                    0.45, (0, 0, 0), 1, cv2.LINE_AA)
    return legend
