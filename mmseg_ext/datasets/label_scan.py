import io
from collections import Counter
from dataclasses import dataclass, field
from typing import Callable, List, Optional, Set, Tuple

import mmcv
import mmengine.fileio as fileio
import numpy as np
from mmcv.transforms import LoadAnnotations, LoadImageFromFile
from mmseg.datasets.transforms import LoadAnnotations as LoadSegAnnotations
from PIL import Image

from .dataset_tree import pipeline_transforms, walk_datasets
from .sample_loading import file_fault
from .transforms import MapSegLabels

# Stock LoadAnnotations writes this for pixels without a class; a data set may
# have another ``ignore_index``.
IGNORED = 255


@dataclass
class LabelReport:
    """What a scan found in one data set.

    Attributes:
        field (str): Config field of the data set.
        classes (tuple[str]): Class names; empty if it has none.
        is_labeled (bool): Whether its pipeline loads labels.
        num_images (int): Images scanned.
        pixels (np.ndarray): Pixels per label value after ``label_map`` and
            ``reduce_zero_label``, int64 (256,), or more of a data set whose
            ``ignore_index`` is larger.
        images (np.ndarray): Images per label value, as many.
        sizes (Counter): Images per (height, width).
        faults (list[str]): One sentence each.
        ignored (int): Label value that is ignored.
    """
    field: str
    classes: Tuple[str, ...] = ()
    is_labeled: bool = False
    num_images: int = 0
    pixels: np.ndarray = field(init=False)
    images: np.ndarray = field(init=False)
    sizes: Counter = field(default_factory=Counter)
    faults: List[str] = field(default_factory=list)
    ignored: int = IGNORED

    def __post_init__(self) -> None:
        size = max(256, self.ignored + 1)
        self.pixels = np.zeros(size, np.int64)
        self.images = np.zeros(size, np.int64)

    @property
    def ignore_share(self) -> float:
        """float: Share of the pixels without a class, in [0, 1]."""
        return float(self.pixels[self.ignored] / max(self.pixels.sum(), 1))


def scan_labels(dataset,
                config_field: str = 'train_dataloader.dataset',
                num_classes: Optional[int] = None,
                max_images: Optional[int] = None,
                progress: Optional[Callable[[], None]] = None,
                check_sizes: bool = True) -> List[LabelReport]:
    """Check the files of a data set and of all data sets that it wraps.

    Looks for files that are missing or broken, images and labels of different
    size, colours taken for class ids, and label values that are no class
    after ``label_map`` and ``reduce_zero_label``. Nothing is raised.

    Args:
        dataset (Dataset): Any data set or wrapper.
        config_field (str): Its config field. Defaults to
            'train_dataloader.dataset'.
        num_classes (int, optional): Classes of the model, used where a data
            set names none. Defaults to None.
        max_images (int, optional): Images to scan in each data set, evenly
            spread. Defaults to None, all.
        progress (callable, optional): Called after each image.
        check_sizes (bool): Whether image and label must have one size.
            Defaults to True.

    Returns:
        list[LabelReport]: One report for each data set that holds images.
    """
    reports = []
    for name, leaf in walk_datasets(dataset, config_field):
        if hasattr(leaf, 'full_init'):
            leaf.full_init()
        reports.append(
            _scan_leaf(leaf, name, num_classes, max_images, progress,
                       check_sizes))
    return reports


def scan_indices(length: int, max_images: Optional[int]) -> List[int]:
    """Indices of the images to scan.

    Args:
        length (int): Number of images.
        max_images (int, optional): Most images to take; None takes all.

    Returns:
        list[int]: Evenly spread, the first and the last among them.
    """
    if max_images is None or length <= max_images:
        return list(range(length))
    return np.linspace(0, length - 1, max_images).round().astype(int).tolist()


def _scan_leaf(dataset, name: str, num_classes: Optional[int],
               max_images: Optional[int], progress: Optional[Callable[[],
                                                                      None]],
               check_sizes: bool) -> LabelReport:
    transforms = pipeline_transforms(dataset)
    load_image = _find(transforms, LoadImageFromFile)
    load_label = _find(transforms, LoadAnnotations)
    classes = tuple(getattr(dataset, 'metainfo', {}).get('classes') or ())
    report = LabelReport(
        name,
        classes,
        load_label is not None,
        ignored=max(getattr(dataset, 'ignore_index', IGNORED), len(classes)))
    limit = len(classes) or num_classes or report.ignored
    for index in scan_indices(len(dataset), max_images):
        info = dataset.get_data_info(index)
        size = _scan_image(info, load_image, report)
        if load_label is not None:
            _scan_label(info, transforms, limit, size if check_sizes else None,
                        report)
        report.num_images += 1
        if progress is not None:
            progress()
    if report.pixels.sum() and report.ignore_share == 1:
        report.faults.append(
            f'{name}: none of the pixels in {report.num_images} labels has a '
            f'class, all are {report.ignored} (ignored); check '
            'reduce_zero_label and metainfo.')
    return report


def _find(transforms: List, kind: type):
    return next((t for t in transforms if isinstance(t, kind)), None)


def _scan_image(info: dict, load_image, report: LabelReport):
    if load_image is None or 'img_path' not in info:
        return None
    try:
        size = load_image(dict(info))['img'].shape[:2]
    except Exception as error:  # whatever the decoder raises, to be told
        fault = file_fault(info['img_path']) or f'fails with {error!r}'
        report.faults.append(
            f'{report.field}: the image {info["img_path"]} {fault}.')
        return None
    report.sizes[size] += 1
    return size


def load_class_ids(info: dict, transforms: List) -> np.ndarray:
    """Load the label map of an image in the size of its file.

    Args:
        info (dict): Data info of the image.
        transforms (list): The data set's transforms, of which those are used
            that load and map labels.

    Returns:
        np.ndarray: Class ids (H, W).

    Raises:
        RuntimeError: If it cannot be read.
        ValueError: If no transform loads labels, or the file holds something
            else than class ids.
    """
    load_label = _find(transforms, LoadAnnotations)
    if load_label is None:
        raise ValueError(f'the pipeline of {info.get("img_path")} loads no '
                         'labels; add LoadAnnotations to it')
    path = info.get('seg_map_path')
    try:
        fault = raw_fault(path, load_label)
        if fault is None:
            return _load_class_ids(info, transforms)
    except Exception as error:
        raise RuntimeError(
            f'the label map {path} cannot be read ({error})') from error
    raise ValueError(f'the label map {path} {fault}')


def void_values(dataset) -> Set[int]:
    """Label values of a data set that stand for no class."""
    number = len(getattr(dataset, 'metainfo', {}).get('classes') or ())
    values = {getattr(dataset, 'ignore_index', IGNORED), IGNORED}
    return {value for value in values if value >= number}


def _load_class_ids(info: dict, transforms: List) -> np.ndarray:
    results = _find(transforms, LoadAnnotations)(dict(info, seg_fields=[]))
    map_label = _find(transforms, MapSegLabels)
    return (map_label(results) if map_label else results)['gt_seg_map']


def _scan_label(info: dict, transforms: List, limit: int,
                size: Optional[Tuple[int, int]], report: LabelReport) -> None:
    load_label = _find(transforms, LoadAnnotations)
    path = info.get('seg_map_path')
    if path is None:
        report.faults.append(
            f'{report.field}: the image {info.get("img_path")} has no label, '
            'but the pipeline loads labels; set data_prefix.seg_map_path.')
        return
    fault = None if _is_array(path) else file_fault(path)
    fault = fault or raw_fault(path, load_label)
    if fault is None:
        try:
            label = _load_class_ids(info, transforms)
        except Exception as error:
            fault = f'fails with {error!r}'
    if fault is not None:
        report.faults.append(f'{report.field}: the label {path} {fault}.')
        return
    size_known = len(report.pixels)
    counts = np.bincount(label.ravel(), minlength=size_known)
    beyond = (size_known + np.flatnonzero(counts[size_known:])).tolist()
    counts = counts[:size_known]
    report.pixels += counts
    report.images += counts > 0
    if size is not None and label.shape[:2] != size:
        report.faults.append(
            f'{report.field}: the label {path} is of size '
            f'{_size(label.shape)}, but its image {info["img_path"]} is of '
            f'size {_size(size)}.')
    outside = [
        v for v in np.flatnonzero(counts)
        if v >= limit and v not in (report.ignored, IGNORED)
    ] + beyond
    if outside:
        report.faults.append(
            f'{report.field}: the label {path} has the value '
            f'{", ".join(map(str, outside[:5]))}'
            f'{", ..." if len(outside) > 5 else ""}, but there are {limit} '
            f'classes (0 to {limit - 1}, or {report.ignored} to ignore); '
            'check metainfo.classes and reduce_zero_label, and that the file '
            'holds class ids and not grey values of a colour map.')


def _is_array(path: str) -> bool:
    # of a compressed array its loader tells
    return path.endswith('.npz')


def raw_fault(path: str, load_label) -> Optional[str]:
    """What stock loading would hide: colours, and ids beyond 8 bits.

    Args:
        path (str): A label map that can be decoded.
        load_label (LoadAnnotations): The transform that loads it.

    Returns:
        str or None: End of a sentence, None if it holds class ids.
    """
    own = type(load_label)._load_seg_map not in (
        LoadAnnotations._load_seg_map, LoadSegAnnotations._load_seg_map)
    if own or _is_array(path):  # it may know more of files than stock does
        return None
    content = fileio.get(path, backend_args=load_label.backend_args)
    if _has_bytes(content, load_label.imdecode_backend):
        return None
    raw = mmcv.imfrombytes(
        content, flag='unchanged',
        backend=load_label.imdecode_backend).squeeze()
    if raw.ndim != 2:
        return (f'has {raw.shape[-1]} colour channels where one channel of '
                'class ids is expected; convert its colours to ids')
    if raw.dtype != np.uint8 and (raw.min() < 0 or raw.max() > IGNORED):
        value = raw.max() if raw.max() > IGNORED else raw.min()
        return (f'has the value {value}, which does not fit into 8 bits; '
                'convert it to class ids below 255, and 255 to ignore')
    return None


def _has_bytes(content: bytes, backend: str) -> bool:
    """Whether a header tells of one channel of bytes, with no decoding."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            return image.mode == 'L' or (image.mode == 'P'
                                         and backend == 'pillow')
    except (OSError, SyntaxError):  # a format of another library
        return False


def _size(shape: Tuple[int, ...]) -> str:
    return f'{shape[0]}x{shape[1]}'


def format_report(report: LabelReport) -> str:
    """Table of what a scan found.

    Args:
        report (LabelReport): The report.

    Returns:
        str: Sizes, and for labels a histogram by class, several lines.
    """
    sizes = ', '.join(f'{_size(size)} ({count})'
                      for size, count in report.sizes.most_common(10))
    more = len(report.sizes) - 10
    lines = [
        f'{report.field}: {report.num_images} images',
        f'  sizes (images): {sizes or "none"}' +
        (f', and {more} other sizes' if more > 0 else '')
    ]
    if not report.is_labeled:
        return '\n'.join(lines + ['  no labels are loaded', ''])
    lines.append(f'  ignored: {report.ignore_share:.2%} of the pixels')
    seen = np.flatnonzero(report.pixels[:report.ignored]).tolist()
    rows = range(max([len(report.classes), *(v + 1 for v in seen)]))
    names = [
        report.classes[i] if i < len(report.classes) else
        ('not a class' if report.classes else f'class {i}') for i in rows
    ]
    width = max([len(name) for name in names] + [5])
    labeled = max(report.pixels[:report.ignored].sum(), 1)
    lines.append(f'  {"id":>3} {"class":<{width}} {"share":>8} {"images":>7}')
    for i in rows:
        if i >= len(report.classes) and i not in seen:
            continue
        share = report.pixels[i] / labeled
        lines.append(
            f'  {i:>3} {names[i]:<{width}} {share:>8.2%} '
            f'{report.images[i]:>7} {"#" * round(40 * share)}'.rstrip())
    return '\n'.join(lines + [''])
