from typing import Sequence

import torch
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from ...utils.boundary_map import boundary_map


@TRANSFORMS.register_module()
class GenerateBoundaryMap(BaseTransform):
    """Mark the pixels at boundaries between classes.

    Behind crop and flip, ahead of ``PackSegInputs``, which packs the map. The
    boundaries of `Gated-SCNN <https://arxiv.org/abs/1907.05740>`_; the stock
    ``GenerateEdge`` makes others.

    Required keys: ``gt_seg_map``. Added keys: ``gt_edge_map``, uint8 (H, W).

    Args:
        radius (float): See :func:`boundary_map`. Defaults to 2.
        ignore_index (int): Likewise. Defaults to 255.
        ignore_classes (Sequence[int]): Likewise. Defaults to ().
        image_border (bool): Likewise. Defaults to True.
    """

    def __init__(self,
                 radius: float = 2,
                 ignore_index: int = 255,
                 ignore_classes: Sequence[int] = (),
                 image_border: bool = True) -> None:
        self.options = dict(
            radius=radius,
            ignore_index=ignore_index,
            ignore_classes=tuple(ignore_classes),
            image_border=image_border)

    def transform(self, results: dict) -> dict:
        """Add the map to the results of one image."""
        if 'gt_seg_map' not in results:
            raise ValueError('GenerateBoundaryMap needs gt_seg_map: put it '
                             'behind LoadAnnotations.')
        labels = torch.from_numpy(results['gt_seg_map'])[None]
        found = boundary_map(labels, **self.options)[0]
        results['gt_edge_map'] = found.numpy().astype('uint8')
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.options})'
