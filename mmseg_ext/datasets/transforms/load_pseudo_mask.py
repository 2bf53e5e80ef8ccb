import cv2
import mmengine.fileio as fileio
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from ..pseudo_mask_cache import nearest_cells


@TRANSFORMS.register_module()
class LoadPseudoMask(BaseTransform):
    """Loads the masks of new classes that an offline step has made.

    One map holds them all as bits, see
    :mod:`mmseg_ext.datasets.pseudo_mask_cache`. It is enlarged to the image
    and joins the ``seg_fields``, which geometric transforms carry along.

    Required keys: ``img``, ``pseudo_mask_path``. Added keys:
    ``gt_pseudo_mask`` (np.uint16, (H, W)), ``seg_fields``.

    Raises:
        KeyError: If the data set names no masks.
        ValueError: If the file is broken.
    """

    def transform(self, results: dict) -> dict:
        """Load the masks of an image."""
        path = results.get('pseudo_mask_path')
        if path is None:
            raise KeyError('LoadPseudoMask finds no pseudo_mask_path: set '
                           'ClassIncrementalDataset.pseudo_masks.')
        content = np.frombuffer(fileio.get(path), np.uint8)
        bits = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)
        if bits is None or bits.dtype != np.uint16 or bits.ndim != 2:
            raise ValueError(f'{path} is no map of masks: remove it and run '
                             'tools/cosegment.py again.')
        height, width = results['img'].shape[:2]
        # bits must not mix
        rows = nearest_cells(bits.shape[0], height)
        columns = nearest_cells(bits.shape[1], width)
        results['gt_pseudo_mask'] = bits[rows][:, columns]
        results.setdefault('seg_fields', []).append('gt_pseudo_mask')
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'
