import io
import zipfile
from typing import Optional, Sequence

import cv2
import mmengine.fileio as fileio
import numpy as np
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import TRANSFORMS

TOP = 9


@TRANSFORMS.register_module()
class LoadPSSLAnnotations(LoadAnnotations):
    """Make a label map of the class of an image and its map of deciles.

    Pixels of the top deciles get the class of the image, all others that of
    the background. Takes the place of ``LoadAnnotations``, which has 8 bits
    alone, behind ``LoadImageFromFile`` and of a :class:`PSSLDataset`.

    Required keys: ``seg_map_path``, ``image_label``, ``background_label``,
    ``map_format``, ``ignore_index``, ``seg_fields``. Added keys:
    ``gt_seg_map`` (np.uint16, (H, W)).

    Args:
        threshold (int): Lowest decile, 0 to 9, of the object. Defaults to 9,
            a tenth of the pixels.
        ignore_deciles (Sequence[int]): Deciles that are ignored. Defaults to
            ().
        ignore_value (int, optional): Value of the authors' files that is
            ignored; their code has it as background. Defaults to None.
        backend_args (dict, optional): Arguments of the file backend. Defaults
            to None.

    Raises:
        ValueError: If an argument is out of its range or the map does not
            have it, or the map is broken or not of the size of its image.
    """

    def __init__(self,
                 threshold: int = TOP,
                 ignore_deciles: Sequence[int] = (),
                 ignore_value: Optional[int] = None,
                 backend_args: Optional[dict] = None) -> None:
        super().__init__(backend_args=backend_args, imdecode_backend='cv2')
        for name, values in (('threshold', [threshold]), ('ignore_deciles',
                                                          ignore_deciles)):
            wrong = [x for x in values if x not in range(TOP + 1)]
            if wrong:
                raise ValueError(f'LoadPSSLAnnotations.{name} must be whole '
                                 f'numbers from 0 to {TOP}, but has '
                                 f'{wrong[0]!r}.')
        self.threshold = threshold
        self.ignore_deciles = tuple(ignore_deciles)
        self.ignore_value = ignore_value

    def _load_seg_map(self, results: dict) -> None:
        path, kind = results['seg_map_path'], results['map_format']
        if kind != 'decile' and (self.threshold != TOP or self.ignore_deciles):
            raise ValueError(
                f'LoadPSSLAnnotations has threshold={self.threshold} and '
                f'ignore_deciles={self.ignore_deciles}, but {path} is '
                f"{kind}: explain the data set with store='decile'.")
        values = self._read(path, kind)
        image = results.get('img')
        if image is not None and image.shape[:2] != values.shape:
            raise ValueError(
                f'The map {path} is of size {_size(values)}, but its image '
                f'{results.get("img_path")} is of size {_size(image)}.')
        ignored = np.isin(values, self.ignore_deciles)
        if kind == 'decile':
            inside = values >= self.threshold
        else:
            inside = values == (1 if kind == 'npz' else 255)
        if kind == 'npz' and self.ignore_value is not None:
            ignored = values == self.ignore_value
        labels = np.where(inside, results['image_label'],
                          results['background_label']).astype(np.uint16)
        labels[ignored] = results['ignore_index']
        results['gt_seg_map'] = labels
        results['seg_fields'].append('gt_seg_map')

    def _read(self, path: str, kind: str) -> np.ndarray:
        content = fileio.get(path, backend_args=self.backend_args)
        if kind == 'npz':
            try:
                with np.load(io.BytesIO(content), allow_pickle=False) as file:
                    values = file['arr_0']
            except (ValueError, KeyError, OSError, zipfile.BadZipFile):
                values = None
        else:
            buffer = np.frombuffer(content, np.uint8)
            values = cv2.imdecode(
                buffer, cv2.IMREAD_UNCHANGED) if len(content) else None
        if values is None or values.ndim != 2 or (kind == 'decile'
                                                  and values.max() > TOP):
            raise ValueError(f'The map {path} is broken or no map of '
                             f'{kind} values.')
        return values

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(threshold={self.threshold}, '
                f'ignore_deciles={self.ignore_deciles}, '
                f'ignore_value={self.ignore_value})')


def _size(array: np.ndarray) -> str:
    return f'{array.shape[0]}x{array.shape[1]}'
