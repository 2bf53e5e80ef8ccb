"""A sheet that shows where pseudo labels come from and what is kept.

Shape shorthand: N images (N, 3, H, W); maps (N, h, w) on any grid.
"""
from typing import List, Mapping, Optional, Sequence

import numpy as np
from torch import Tensor

from .image_sheet import Panel, draw_sheet, hatch, overlay_labels
from .panels import heat_map, legend, picture, resize_labels

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
            sample[name] = picture(sample[name], mean, std, rgb)
        rows.append(_row(sample, palette))
    rows[0].append(('classes', legend(classes, palette)))
    return draw_sheet(rows)


def _row(sample: Mapping, palette: Sequence[Sequence[int]]) -> List[Panel]:
    image = sample['image']
    size = image.shape[:2]
    label = resize_labels(sample['pseudo_label'], size)
    keep = resize_labels(sample['keep_mask'], size).astype(bool)
    valid = sample.get('valid_mask')
    valid = (
        np.ones(size, bool)
        if valid is None else resize_labels(valid, size).astype(bool))
    kept = overlay_labels(image, label, palette)
    kept[~keep] = _REJECTED
    share = (keep & valid).sum() / max(valid.sum(), 1)
    panels = [('weak view', image), ('strong view', sample['strong_image']),
              ('teacher', overlay_labels(image, label, palette)),
              (f'kept {share:.0%}', kept),
              ('confidence', heat_map(sample['confidence'], size))]
    if sample.get('error_score') is not None:
        panels.append(('error score', heat_map(sample['error_score'], size)))
    for name, title in (('student_prediction', 'student'), ('gt', 'truth')):
        if sample.get(name) is not None:
            panels.append((title,
                           overlay_labels(image,
                                          resize_labels(sample[name], size),
                                          palette)))
    return [(title, hatch(view, ~valid)) for title, view in panels]
