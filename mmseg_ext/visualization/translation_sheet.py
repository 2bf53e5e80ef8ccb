"""A sheet of images, their translations and what comes back."""
from typing import Dict

import numpy as np
from torch import Tensor, nn

from .image_sheet import draw_sheet
from .panels import picture

OTHER = dict(source='target', target='source')


def draw_translations(captured: Dict[str, Dict[str, Tensor]],
                      preprocessor: nn.Module,
                      num_images: int = 4) -> np.ndarray:
    """Draw in each row an image of each domain and what is made of it.

    Args:
        captured (dict[str, dict]): ``real``, ``fake`` and ``cycle``, each by
            domain images (N, 3, H, W) as the generators have them.
        preprocessor (nn.Module): What the images went through.
        num_images (int): Rows at most. Defaults to 4.

    Returns:
        np.ndarray: The sheet, RGB, (H', W', 3) uint8.
    """
    normalised = getattr(preprocessor, '_enable_normalize', False)

    def draw(images: Tensor, index: int) -> np.ndarray:
        return picture(
            images[index].detach().cpu(),
            mean=preprocessor.mean if normalised else None,
            std=preprocessor.std if normalised else None,
            rgb=bool(preprocessor.channel_conversion))

    count = min(num_images, *map(len, captured['real'].values()))
    rows = []
    for i in range(count):
        rows.append([])
        for domain, other in OTHER.items():
            rows[-1] += [
                (domain, draw(captured['real'][domain], i)),
                (f'{domain} to {other}', draw(captured['fake'][other], i)),
                ('and back', draw(captured['cycle'][domain], i)),
            ]
    return draw_sheet(rows, panel_width=192)
