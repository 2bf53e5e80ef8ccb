"""A sheet that shows what an incremental step learns from.

Shape shorthand: N images (N, 3, H, W); maps (N, h, w) on any grid.
"""
from typing import Mapping, Optional, Sequence

import numpy as np
from torch import Tensor

from .image_sheet import draw_sheet, overlay_labels
from .panels import legend, picture, resize_labels

PANELS = (('masks', 'masks'), ('old', 'old model'), ('teacher', 'teacher'),
          ('target', 'target of student'), ('pasted', 'pasted'))


def draw_incremental(captured: Mapping[str, Optional[Tensor]],
                     classes: Sequence[str],
                     palette: Sequence[Sequence[int]],
                     mean: Optional[Tensor] = None,
                     std: Optional[Tensor] = None,
                     rgb: bool = True,
                     num_images: int = 4) -> np.ndarray:
    """Draw one row an image: masks, old model, teacher, target, pasted.

    Args:
        captured (dict[str, Tensor or None]): ``image`` as fed to the network,
            and class ids ``masks``, ``old``, ``teacher``, ``target`` and
            ``pasted``; 255 is none.
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
        image = picture(captured['image'][i].detach().cpu(), mean, std, rgb)
        row = [('image', image)]
        for name, title in PANELS:
            if captured.get(name) is not None:
                labels = resize_labels(captured[name][i].detach().cpu(),
                                       image.shape[:2])
                row.append((title, overlay_labels(image, labels, palette)))
        rows.append(row)
    rows[0].append(('classes', legend(classes, palette)))
    return draw_sheet(rows)
