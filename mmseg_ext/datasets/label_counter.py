import sys
from multiprocessing import Pool
from typing import List, Optional, Tuple

import numpy as np
from mmcv.transforms import LoadAnnotations as LoadAnyAnnotations
from mmcv.transforms import Resize
from mmengine.utils import ProgressBar
from mmseg.datasets.transforms import LoadAnnotations

from .dataset_tree import pipeline_transforms, walk_datasets
from .label_scan import IGNORED, raw_fault, void_values
from .transforms import MapSegLabels


class LabelCounter:
    """Counts the pixels of the classes in every label map of a data set.

    Of the pipeline only what decides about labels is run: the loading of
    annotations, :class:`MapSegLabels` and ``Resize``. Crops are not: the
    counts are of whole images.

    Args:
        dataset (Dataset): Any labelled data set of MMSegmentation, wrapped or
            not.
        field (str): Config field of it, for messages. Defaults to 'dataset'.
        resize (bool): Whether ``Resize`` is run. Defaults to True.

    Raises:
        ValueError: If the data set has no images, no class names, or several
            parts with different classes.
    """

    def __init__(self,
                 dataset,
                 field: str = 'dataset',
                 resize: bool = True) -> None:
        self.samples: List[Tuple[object, int]] = []
        self.transforms = {}
        classes = {}
        for name, leaf in walk_datasets(dataset, field):
            if hasattr(leaf, 'full_init'):
                leaf.full_init()
            self.transforms[id(leaf)] = _label_transforms(leaf, resize)
            self.samples += [(leaf, index) for index in range(len(leaf))]
            classes[name] = tuple(
                getattr(leaf, 'metainfo', {}).get('classes') or ())
        if not self.samples:
            raise ValueError(f'{field} has no images.')
        first = next(iter(classes))
        for name, found in classes.items():
            if not found:
                raise ValueError(f'{name} names no classes; set '
                                 'metainfo.classes.')
            if found != classes[first]:
                raise ValueError(f'{name} has the classes {", ".join(found)}, '
                                 f'but {first} {", ".join(classes[first])}.')
        self.classes = classes[first]

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> np.ndarray:
        """Counts of one image.

        Args:
            index (int): Which image.

        Returns:
            np.ndarray: int64 (C + 1, ), void pixels last.

        Raises:
            RuntimeError: If the label map is missing or cannot be read.
            ValueError: If it holds colours, or a value that is no class.
        """
        leaf, index = self.samples[index]
        info = leaf.get_data_info(index)
        path = info.get('seg_map_path')
        if path is None:
            raise RuntimeError(
                f'the image {info.get("img_path")} has no label map')
        results = dict(info, seg_fields=[])
        fault = None
        try:
            for transform in self.transforms[id(leaf)]:
                if isinstance(transform, LoadAnyAnnotations):
                    fault = fault or raw_fault(path, transform)
                if isinstance(transform, Resize):
                    # which reads the size of the image
                    results['img'] = results['gt_seg_map']
                results = transform(results)
        except Exception as error:
            raise RuntimeError(
                f'the label map {path} cannot be read ({error})') from error
        if fault is not None:
            raise ValueError(f'the label map {path} {fault}')
        number = len(self.classes)
        counts = np.bincount(results['gt_seg_map'].ravel(), minlength=number)
        void = void_values(leaf)
        outside = [
            value for value in np.flatnonzero(counts).tolist()
            if value >= number and value not in void
        ]
        if outside:
            ignored = max(getattr(leaf, 'ignore_index', IGNORED), number)
            raise ValueError(
                f'the label map {path} has the value {outside[0]}, '
                f'but there are {number} classes (0 to {number - 1}, or '
                f'{ignored} to ignore)')
        return np.append(counts[:number],
                         counts[number:].sum()).astype(np.int64)

    def count(self, num_workers: int = 0) -> np.ndarray:
        """Counts of all images, with a progress bar in a terminal.

        Args:
            num_workers (int): Processes to share the work; up to 1 does it
                here. Defaults to 0.

        Returns:
            np.ndarray: int64 (N, C + 1), in the order of the images.
        """
        if num_workers <= 1:
            return self._gather(map(self.__getitem__, range(len(self))))
        with Pool(num_workers, _adopt, (self, )) as pool:
            return self._gather(
                pool.imap(_count_one, range(len(self)), chunksize=8))

    def _gather(self, rows) -> np.ndarray:
        counts = np.empty((len(self), len(self.classes) + 1), np.int64)
        # A bar is drawn anew for each image: for the eye only.
        progress = None
        if sys.stderr.isatty():
            progress = ProgressBar(len(self), file=sys.stderr)
        for i, row in enumerate(rows):
            counts[i] = row
            if progress is not None:
                progress.update()
        return counts


def _label_transforms(leaf, resize: bool) -> List:
    kinds = (LoadAnyAnnotations, MapSegLabels) + (Resize, ) * resize
    found = [t for t in pipeline_transforms(leaf) if isinstance(t, kinds)]
    if not any(isinstance(t, LoadAnyAnnotations) for t in found):
        backend_args = getattr(leaf, 'backend_args', None)
        found.insert(0, LoadAnnotations(backend_args=backend_args))
    return found


# The counter of a worker process.
_counter: Optional[LabelCounter] = None


def _adopt(counter: LabelCounter) -> None:
    global _counter
    _counter = counter


def _count_one(index: int) -> np.ndarray:
    return _counter[index]
