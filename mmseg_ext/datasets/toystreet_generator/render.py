from typing import NamedTuple, Tuple

import numpy as np

from .classes import DOMAINS, SPLITS
from .labels import halve_code, separate
from .layout import paint_scene
from .light import day_light, dusk_light
from .sensor import expose
from .stream import Stream


class Sample(NamedTuple):
    """One image with its labels.

    Args:
        image (np.ndarray): uint8 RGB, (H, W, 3).
        labels (np.ndarray): uint8 class ids, (H, W); 255 is void.
        instances (np.ndarray): uint8 instance ids, (H, W); 0 is none.
    """
    image: np.ndarray
    labels: np.ndarray
    instances: np.ndarray


def render(domain: str,
           split: str,
           index: int,
           seed: int = 0,
           image_size: Tuple[int, int] = (96, 128)) -> Sample:
    """Render one street scene.

    The result depends on the arguments alone: all of it is integer
    arithmetic and those operations on floating-point numbers that IEEE 754
    rounds exactly, element by element, so that every machine gets the same
    bytes.

    Args:
        domain (str): 'day' or 'dusk'.
        split (str): 'train', 'val' or 'test'.
        index (int): Number of the image in its split.
        seed (int): Seed of the data set. Defaults to 0.
        image_size (tuple[int]): Height and width in pixels. Defaults to
            (96, 128).

    Returns:
        Sample: Image and labels.
    """
    stream = Stream(seed, DOMAINS.index(domain), SPLITS.index(split), index)
    light = day_light(stream) if domain == 'day' else dusk_light(stream)
    height, width = image_size
    canvas = paint_scene(light, stream, (2 * height, 2 * width))
    image = expose(canvas, light, stream)
    return Sample(image, *separate(halve_code(canvas.code)))
