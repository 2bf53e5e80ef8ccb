"""A sheet that shows how a network takes two domains, side by side.

Shape shorthand: N images (N, 3, H, W); maps (N, h, w) on any grid.
"""
from typing import List, Mapping, Optional, Sequence

import numpy as np
from torch import Tensor

from .image_sheet import Panel, draw_sheet, hatch, overlay_labels
from .panels import heat_map, legend, picture, resize_labels


def draw_domains(captured: Mapping[str, Mapping],
                 classes: Sequence[str],
                 palette: Sequence[Sequence[int]],
                 mean: Optional[Tensor] = None,
                 std: Optional[Tensor] = None,
                 rgb: bool = True,
                 num_images: int = 4) -> np.ndarray:
    """Draw in each row an image of every domain and what is made of it.

    Args:
        captured (dict[str, dict]): By domain, ``image`` (N, 3, H, W) as fed
            to the network and, where there are, ``prediction``, ``entropy``
            in [0, 1], ``label`` and ``valid`` (N, h, w), and ``scores``, by
            adversary the probability of the target (N, h, w).
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
    shown = {domain: maps for domain, maps in captured.items() if maps}
    count = min(num_images, *(len(maps['image']) for maps in shown.values()))
    rows = []
    for i in range(count):
        rows.append([])
        for domain, maps in shown.items():
            image = picture(maps['image'][i].detach().cpu(), mean, std, rgb)
            rows[-1] += _panels(domain, image, maps, i, palette)
    rows[0].append(('classes', legend(classes, palette)))
    return draw_sheet(rows)


def _panels(domain: str, image: np.ndarray, maps: Mapping, index: int,
            palette: Sequence[Sequence[int]]) -> List[Panel]:
    size = image.shape[:2]

    def read(values: Tensor) -> Tensor:
        return values[index].detach().cpu()

    panels = [(domain, image)]
    for name in ('label', 'prediction'):
        if maps.get(name) is not None:
            labels = resize_labels(read(maps[name]), size)
            panels.append(
                (f'{domain}: {name}', overlay_labels(image, labels, palette)))
    if maps.get('entropy') is not None:
        entropy = read(maps['entropy'])
        panels.append((f'entropy, mean {float(entropy.mean()):.2f}',
                       heat_map(entropy, size)))
    for name, score in (maps.get('scores') or {}).items():
        score = read(score)
        panels.append((f'{name}: target {float(score.mean()):.2f}',
                       heat_map(score, size)))
    if maps.get('valid') is None:
        return panels
    padding = ~resize_labels(read(maps['valid']), size).astype(bool)
    return [(title, hatch(view, padding)) for title, view in panels]
