import mmcv
import numpy as np
import torch
from mmcv.transforms import BaseTransform, Pad
from mmengine.structures import PixelData
from mmseg.datasets.transforms import PackSegInputs
from mmseg.registry import TRANSFORMS

# Not 1: RandomFlip(swap_seg_labels=...) exchanges class ids in all seg fields.
VALID = 254


@TRANSFORMS.register_module()
class AddValidMask(BaseTransform):
    """Start tracking which pixels show the image rather than padding.

    Adds ``valid_mask`` to the ``seg_fields``, which the stock geometric
    transforms carry along like a label map; whatever value they pad with
    means "not valid". Put it right after loading, and pack it with
    ``PackBranchInputs``.

    Added keys: ``valid_mask`` (np.uint8, (H, W)), ``seg_fields``.
    """

    def transform(self, results: dict) -> dict:
        """Add the mask.

        Args:
            results (dict): Results with the loaded ``img``.

        Returns:
            dict: The same with the mask.
        """
        results['valid_mask'] = np.full(results['img'].shape[:2], VALID,
                                        np.uint8)
        results.setdefault('seg_fields', []).append('valid_mask')
        return results


@TRANSFORMS.register_module()
class PadSegFields(Pad):
    """Stock ``Pad`` that pads all ``seg_fields``, not ``gt_seg_map`` alone.

    Needed only where a geometric transform other than ``RandomCrop`` comes
    after the padding; arguments as of ``Pad``.
    """

    def _pad_seg(self, results: dict) -> None:
        for key in results.get('seg_fields', []):
            results[key] = mmcv.impad(
                results[key],
                shape=results['pad_shape'][:2],
                pad_val=self.pad_val.get('seg', 255),
                padding_mode=('constant'
                              if key == 'valid_mask' else self.padding_mode))


@TRANSFORMS.register_module()
class PackBranchInputs(PackSegInputs):
    """Stock ``PackSegInputs`` that packs ``valid_mask`` too.

    The data sample gets ``valid_mask``, a PixelData of bool (1, H, W), True
    on image pixels. Without ``gt_seg_map`` in the results it gets no
    ``gt_sem_seg``. Arguments as of ``PackSegInputs``.

    Raises:
        ValueError: If the mask does not fit the image.
    """

    def transform(self, results: dict) -> dict:
        """Pack the results.

        Args:
            results (dict): Results of the pipeline.

        Returns:
            dict: ``inputs`` (Tensor) and ``data_samples`` (SegDataSample).
        """
        packed = super().transform(results)
        mask = results.get('valid_mask')
        if mask is not None:
            valid = _fit_to_image(mask == VALID, results)
            packed['data_samples'].valid_mask = PixelData(
                data=torch.from_numpy(valid)[None])
        return packed


def _fit_to_image(valid: np.ndarray, results: dict) -> np.ndarray:
    """Make up for the stock ``Pad``, which leaves the mask as it is."""
    height, width = results['img'].shape[:2]
    if valid.shape == (height, width):
        return np.ascontiguousarray(valid)
    fits = valid.shape[0] <= height and valid.shape[1] <= width
    if not fits or 'pad_fixed_size' not in results:
        raise ValueError(
            f'valid_mask of size {valid.shape} does not fit the image of size '
            f'{(height, width)} ({results.get("img_path")}): a transform of '
            'the pipeline changed the image without its seg_fields.')
    return np.pad(valid,
                  ((0, height - valid.shape[0]), (0, width - valid.shape[1])))
