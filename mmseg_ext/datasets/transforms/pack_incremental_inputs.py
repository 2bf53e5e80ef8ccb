import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.datasets.transforms import PackSegInputs
from mmseg.registry import TRANSFORMS

FIELDS = ('gt_pseudo_mask', 'gt_paste_map')


@TRANSFORMS.register_module()
class PackIncrementalInputs(PackSegInputs):
    """Stock ``PackSegInputs`` for images with labels of images.

    The data sample gets what there is of ``gt_pseudo_mask``, bits of masks,
    and ``gt_paste_map``, classes of pasted pixels (PixelData of int32
    (1, H, W) each), and ``image_labels``, channels of the new classes shown,
    as meta information. Arguments as of ``PackSegInputs``.
    """

    def transform(self, results: dict) -> dict:
        """Pack the results.

        Args:
            results (dict): Results of the pipeline.

        Returns:
            dict: ``inputs`` (Tensor) and ``data_samples`` (SegDataSample).
        """
        packed = super().transform(results)
        sample = packed['data_samples']
        for key in FIELDS:
            if key in results:
                values = np.ascontiguousarray(results[key]).astype(np.int32)
                sample.set_field(
                    PixelData(data=torch.from_numpy(values)[None]), key)
        if 'image_labels' in results:
            sample.set_metainfo(
                dict(image_labels=tuple(results['image_labels'])))
        return packed
