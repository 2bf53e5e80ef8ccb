"""A sheet of images, their noisy versions, and what a network makes of them.

Shape shorthand: N images (N, 3, H, W) in noise space, raw values in [-1, 1].
"""
from typing import Mapping

import numpy as np
from torch import Tensor

from .image_sheet import draw_sheet
from .panels import picture


def draw_denoising(captured: Mapping[str, Tensor],
                   rgb: bool = True,
                   num_images: int = 4) -> np.ndarray:
    """Draw a row an image: clean, noisy, denoised, noise and predicted noise.

    Args:
        captured (dict[str, Tensor]): ``clean``, ``noisy``, ``pred``,
            ``noise`` and ``pred_noise``, (N, 3, H, W). The last two are drawn
            with 3 standard deviations for the range of grey levels.
        rgb (bool): Whether the channels are RGB, else BGR. Defaults to True.
        num_images (int): Rows at most. Defaults to 4.

    Returns:
        np.ndarray: The sheet, RGB, (H', W', 3) uint8.
    """
    rows = []
    for i in range(min(num_images, len(captured['clean']))):
        maps = {
            name: values[i].detach().float().cpu()
            for name, values in captured.items()
        }
        error = float((maps['pred_noise'] - maps['noise']).square().mean())
        titles = dict(
            clean='clean',
            noisy='noisy',
            pred='denoised',
            noise='noise',
            pred_noise=f'predicted, error {error:.2f}')
        rows.append([
            (title,
             picture(
                 maps[name] * (42.5 if 'noise' in name else 127.5) + 127.5,
                 rgb=rgb)) for name, title in titles.items()
        ])
    return draw_sheet(rows)
