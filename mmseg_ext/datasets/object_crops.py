"""Square cuts of a labelled image, each with objects of one class alone."""
from typing import List, NamedTuple, Sequence, Tuple

import cv2
import numpy as np


class ObjectCrop(NamedTuple):
    """A cut.

    Attributes:
        label (int): Class of the object.
        top (int): First row.
        left (int): First column.
        side (int): Height and width.
    """
    label: int
    top: int
    left: int
    side: int

    def cut(self, image: np.ndarray) -> np.ndarray:
        """The cut of an image (H, W) or (H, W, C)."""
        return image[self.top:self.top + self.side,
                     self.left:self.left + self.side]


def find_object_crops(labels: np.ndarray,
                      classes: Sequence[int],
                      rng: np.random.Generator,
                      min_pixels: int = 40,
                      min_side: int = 24,
                      share: Tuple[float, float] = (0.1, 0.5),
                      max_other: float = 0.02,
                      tries: int = 8) -> List[ObjectCrop]:
    """Find a cut around each object that can be had alone.

    Objects are the connected parts of a class. A cut holds the whole box of
    its object; how large it is beyond that and where the object lies in it
    are drawn.

    Args:
        labels (np.ndarray): Class ids, (H, W).
        classes (Sequence[int]): The classes of objects; all others are
            background.
        rng (np.random.Generator): Source of randomness.
        min_pixels (int): Smaller objects are left out. Defaults to 40.
        min_side (int): Smallest cut. Defaults to 24.
        share (tuple[float, float]): Least and largest share of the cut that
            the class may cover. Defaults to (0.1, 0.5).
        max_other (float): Largest share that all other objects may cover.
            Defaults to 0.02.
        tries (int): Cuts that are drawn at most for an object. Defaults to 8.

    Returns:
        list[ObjectCrop]: The cuts, in the order of class and place.
    """
    height, width = labels.shape
    is_object = np.isin(labels, classes)
    crops = []
    for label in classes:
        own = (labels == label).astype(np.uint8)
        _, _, boxes, _ = cv2.connectedComponentsWithStats(own)
        for left, top, box_width, box_height, pixels in boxes[1:].tolist():
            longest = max(box_width, box_height)
            if pixels < min_pixels or longest > min(height, width):
                continue
            for _ in range(tries):
                side = min(
                    max(round(longest * rng.uniform(1., 1.8)), min_side),
                    height, width)
                crop = ObjectCrop(label,
                                  _draw(rng, top, box_height, side, height),
                                  _draw(rng, left, box_width, side, width),
                                  side)
                covered = crop.cut(own).mean()
                other = crop.cut(is_object).mean() - covered
                if share[0] <= covered <= share[1] and other <= max_other:
                    crops.append(crop)
                    break
    return crops


def _draw(rng: np.random.Generator, start: int, length: int, side: int,
          limit: int) -> int:
    """Where a cut may begin, to hold the box and to lie in the image."""
    low = max(0, start + length - side)
    high = min(start, limit - side)
    return int(rng.integers(low, high + 1))
