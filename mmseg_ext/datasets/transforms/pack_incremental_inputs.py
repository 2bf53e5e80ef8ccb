import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.datasets.transforms import PackSegInputs
from mmseg.registry import TRANSFORMS

FIELDS = ('gt_pseudo_mask', 'gt_paste_map')
LABELS = ('image_labels', 'old_image_labels')


@TRANSFORMS.register_module()
class PackIncrementalInputs(PackSegInputs):
    """Stock ``PackSegInputs`` for images with labels of images.

    The data sample gets what there is of ``gt_pseudo_mask``, bits of masks,
    and ``gt_paste_map``, classes of pasted pixels (PixelData of int32
    (1, H, W) each), and as meta information ``image_labels``, channels of the
    new classes shown, and ``old_image_labels``, those of old ones where they
    are known. Arguments as of ``PackSegInputs``.
    """

    def transform(self, results: dict) -> dict:
        """Pack the results.

        Args:
            results (dict): Results of the pipeline.

        Returns:
            dict: ``inputs`` (Tensor) and ``data_samples`` (SegDataSample).

        Raises:
            ValueError: If a map is larger than the image.
        """
        self._check_sizes(results)
        packed = super().transform(results)
        sample = packed['data_samples']
        for key in FIELDS:
            if key in results:
                values = np.ascontiguousarray(results[key]).astype(np.int32)
                sample.set_field(
                    PixelData(data=torch.from_numpy(values)[None]), key)
        for key in LABELS:
            if key in results:
                sample.set_metainfo({key: tuple(results[key])})
        return packed

    @staticmethod
    def _check_sizes(results: dict) -> None:
        # a smaller one is padded with void, as batches are
        height, width = results['img'].shape[:2]
        for key in FIELDS:
            rows, columns = results[key].shape if key in results else (0, 0)
            if rows > height or columns > width:
                raise ValueError(
                    f'PackIncrementalInputs finds {key} of {rows}x{columns} '
                    f'pixels with an image of {height}x{width}: a transform '
                    'ahead of it has cut the image without the map, as '
                    "CenterCrop does; use one that follows 'seg_fields', such "
                    'as RandomCrop or SegRandomResizedCrop.')
