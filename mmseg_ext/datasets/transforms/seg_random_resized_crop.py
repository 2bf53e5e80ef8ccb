import math
from typing import Sequence, Tuple, Union

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class SegRandomResizedCrop(BaseTransform):
    """Crops a box of random area and aspect and resizes it, labels too.

    The random resized crop of torchvision, with all ``seg_fields`` resized by
    nearest neighbour. A draw that does not fit the image is drawn again, ten
    times at most, then the largest central crop of a permitted aspect is
    taken: areas above 1 are never reached.

    Required keys: ``img``, ``seg_fields``. Modified keys: these,
    ``img_shape``.

    Args:
        scale (int or tuple[int, int]): Side of the result, or width and
            height.
        area_range (Sequence[float]): Area of the box as a share of the
            image's. Defaults to (0.5, 2.0).
        aspect_range (Sequence[float]): Width over height of the box. Defaults
            to (3 / 4, 4 / 3).

    Raises:
        ValueError: If a range is not rising and positive.
    """

    def __init__(
        self,
        scale: Union[int, Tuple[int, int]],
        area_range: Sequence[float] = (0.5, 2.0),
        aspect_range: Sequence[float] = (3 / 4, 4 / 3)
    ) -> None:
        for name, value in dict(
                area_range=area_range, aspect_range=aspect_range).items():
            if not 0 < value[0] <= value[1]:
                raise ValueError(f'SegRandomResizedCrop.{name} must be a '
                                 'rising pair of positive numbers but is '
                                 f'{tuple(value)}.')
        self.scale = (scale, scale) if isinstance(scale, int) else tuple(scale)
        self.area_range = tuple(area_range)
        self.aspect_range = tuple(aspect_range)

    def draw_box(self, height: int, width: int) -> Tuple[int, int, int, int]:
        """Draw the box (top, left, height, width)."""
        for _ in range(10):
            area = height * width * np.random.uniform(*self.area_range)
            aspect = math.exp(
                np.random.uniform(*(math.log(x) for x in self.aspect_range)))
            w = round(math.sqrt(area * aspect))
            h = round(math.sqrt(area / aspect))
            if 0 < w <= width and 0 < h <= height:
                return (np.random.randint(height - h + 1),
                        np.random.randint(width - w + 1), h, w)
        aspect = min(
            max(width / height, self.aspect_range[0]), self.aspect_range[1])
        h = min(height, round(width / aspect))
        w = min(width, round(height * aspect))
        return (height - h) // 2, (width - w) // 2, h, w

    def transform(self, results: dict) -> dict:
        """Crop and resize image and labels."""
        top, left, h, w = self.draw_box(*results['img'].shape[:2])
        for key in ('img', *results.get('seg_fields', ())):
            mode = cv2.INTER_LINEAR if key == 'img' else cv2.INTER_NEAREST
            cut = np.ascontiguousarray(results[key][top:top + h,
                                                    left:left + w])
            results[key] = cv2.resize(cut, self.scale, interpolation=mode)
        results['img_shape'] = results['img'].shape[:2]
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(scale={self.scale}, '
                f'area_range={self.area_range}, '
                f'aspect_range={self.aspect_range})')
