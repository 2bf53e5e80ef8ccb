from typing import Optional

import mmcv
import mmengine.fileio as fileio
import numpy as np
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import TRANSFORMS

from ..label_maps import lookup_table

NUM_LABELS = 23


def decode_synthia_label(content: bytes, path: str) -> np.ndarray:
    """Decode a label file of SYNTHIA-RAND-CITYSCAPES.

    The files are PNGs of three channels of 16 bits: the label id in the red
    one and the instance in the green one. Pillow reads 8 bits of them.

    Args:
        content (bytes): The file.
        path (str): Its path, for messages.

    Returns:
        np.ndarray: uint8 (H, W), label ids from 0 to 22.

    Raises:
        ValueError: If the file is damaged or of another format, or has a
            value that is no label id.
    """
    image = mmcv.imfrombytes(
        content, flag='unchanged', backend='cv2') if content else None
    if image is None:
        raise ValueError(f'the label file {path} is damaged or no image')
    if image.ndim != 3 or image.dtype != np.uint16:
        raise ValueError(
            f'the label file {path} is {image.dtype} of shape {image.shape}, '
            'expected are three channels of 16 bits')
    label = image[..., -1]  # OpenCV puts red last
    if label.max() >= NUM_LABELS:
        raise ValueError(
            f'the label file {path} has the value {label.max()}, expected are '
            f'label ids from 0 to {NUM_LABELS - 1}')
    return label.astype(np.uint8)


def read_synthia_label(path: str) -> np.ndarray:
    """Read a label file from the disk; see :func:`decode_synthia_label`."""
    with open(path, 'rb') as file:
        return decode_synthia_label(file.read(), path)


@TRANSFORMS.register_module()
class LoadSynthiaAnnotations(LoadAnnotations):
    """Load a label file of SYNTHIA as it was downloaded.

    Takes the place of ``LoadAnnotations`` in the pipeline of a
    :class:`SYNTHIADataset` with ``raw_labels=True``, whose ``label_map`` it
    applies in one look-up.

    Required keys: ``seg_map_path``, ``label_map``, ``seg_fields``. Added
    keys: ``gt_seg_map`` (np.uint8, (H, W)).

    Args:
        backend_args (dict, optional): Arguments of the file backend. Defaults
            to None.
    """

    def __init__(self, backend_args: Optional[dict] = None) -> None:
        super().__init__(backend_args=backend_args, imdecode_backend='cv2')

    def _load_seg_map(self, results: dict) -> None:
        if results.get('label_map') is None:
            raise ValueError(
                'LoadSynthiaAnnotations found no label_map; use it with '
                "dict(type='SYNTHIADataset', raw_labels=True).")
        path = results['seg_map_path']
        label = decode_synthia_label(
            fileio.get(path, backend_args=self.backend_args), path)
        results['gt_seg_map'] = lookup_table(results['label_map'])[label]
        results['seg_fields'].append('gt_seg_map')

    def __repr__(self) -> str:
        return f'{type(self).__name__}(backend_args={self.backend_args})'
