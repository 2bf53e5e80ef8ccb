"""Converting downloaded label files to files of class ids."""
import os
import os.path as osp
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Callable, List, Mapping, NamedTuple, Optional, Tuple

import cv2
import numpy as np
from PIL import Image

from ..utils.atomic_io import atomic_open
from .label_maps import IGNORED, lookup_table
from .raw_labels import CONVERTED_SUFFIX


class LabelFile(NamedTuple):
    """An image with its label file.

    Args:
        name (str): Name of the image, without suffix.
        image (str): Path of the image.
        label (str): Path of the downloaded label file.
        out (str): Path of the converted label file.
    """
    name: str
    image: str
    label: str
    out: str


class ConvertedLabel(NamedTuple):
    """What was found in a label file.

    Args:
        counts (np.ndarray): Pixels of each class, int64 (classes, ).
        is_resized (bool): Whether it had another size than its image.
        is_new (bool): Whether it was converted just now.
    """
    counts: np.ndarray
    is_resized: bool
    is_new: bool


def find_label_files(image_dir: str, label_dir: str) -> List[LabelFile]:
    """Find the images of a download and their label files.

    Args:
        image_dir (str): Folder of the images, PNGs.
        label_dir (str): Folder of the label files of the same names.

    Returns:
        list[LabelFile]: In the order of their names.

    Raises:
        FileNotFoundError: If a folder or a label file is missing, or there
            is no image.
    """
    for folder in (image_dir, label_dir):
        if not osp.isdir(folder):
            raise FileNotFoundError(
                f'the folder {folder} does not exist; unpack the whole '
                'download into one folder')
    names = sorted(name[:-len('.png')] for name in os.listdir(image_dir)
                   if name.endswith('.png'))
    if not names:
        raise FileNotFoundError(f'{image_dir} has no image *.png')
    labels = set(os.listdir(label_dir))
    missing = [name for name in names if f'{name}.png' not in labels]
    if missing:
        raise FileNotFoundError(
            f'{len(missing)} of {len(names)} images of {image_dir} have no '
            f'label file, the first is {osp.join(label_dir, missing[0])}.png; '
            'unpack the missing parts of the download')
    return [
        LabelFile(name, osp.join(image_dir, f'{name}.png'),
                  osp.join(label_dir, f'{name}.png'),
                  osp.join(label_dir, name + CONVERTED_SUFFIX))
        for name in names
    ]


def convert_label(file: LabelFile,
                  read: Callable[[str], np.ndarray],
                  label_map: Mapping[int, int],
                  num_classes: int,
                  check_images: bool = False) -> ConvertedLabel:
    """Convert one label file, or check it if that was done already.

    A label file of another size than its image, of which GTA has a few, is
    brought to the size of the image by the nearest label.

    Args:
        file (LabelFile): The file.
        read (callable): Reads a downloaded label file, uint8 (H, W).
        label_map (dict[int, int]): Class id of each label id; others are
            ignored.
        num_classes (int): Number of classes.
        check_images (bool): Whether to decode the whole image and not only
            its header. Defaults to False.

    Returns:
        ConvertedLabel: What was found.

    Raises:
        ValueError: If a file is damaged or not what it should be.
    """
    try:
        with Image.open(file.image) as image:
            size = image.size
            if check_images:
                image.load()
    except (OSError, SyntaxError) as error:
        raise ValueError(f'the image {file.image} is damaged ({error})')
    is_new = not osp.exists(file.out)
    is_resized = False
    if is_new:
        label = lookup_table(label_map)[read(file.label)]
        is_resized = label.shape[::-1] != size
        if is_resized:
            label = cv2.resize(label, size, interpolation=cv2.INTER_NEAREST)
        with atomic_open(file.out) as out:
            out.write(cv2.imencode('.png', label)[1].tobytes())
    else:
        label = cv2.imread(file.out, cv2.IMREAD_UNCHANGED)
        fault = _fault(label, size, num_classes)
        if fault:
            raise ValueError(f'{file.out} exists and {fault}; delete it and '
                             'start again')
    counts = np.bincount(label.ravel(), minlength=256)[:num_classes]
    return ConvertedLabel(counts, is_resized, is_new)


def _fault(label: Optional[np.ndarray], size: Tuple[int, int],
           num_classes: int) -> Optional[str]:
    if label is None:
        return 'is damaged'
    if label.ndim != 2 or label.dtype != np.uint8:
        return 'does not hold class ids'
    if label.shape[::-1] != size:
        return (f'is of size {label.shape[1]}x{label.shape[0]}, but its image '
                f'of size {size[0]}x{size[1]}')
    outside = (label >= num_classes) & (label != IGNORED)
    if outside.any():
        return (f'has the value {label[outside].max()}, expected are 0 to '
                f'{num_classes - 1} and {IGNORED}')
    return None


def convert_labels(files: List[LabelFile],
                   workers: int = 1,
                   progress: Optional[Callable[[int, int], None]] = None,
                   **options) -> List[ConvertedLabel]:
    """Convert label files, those that are not converted yet.

    Args:
        files (list[LabelFile]): The files.
        workers (int): Threads to use; decoding and encoding run side by
            side in them. Defaults to 1.
        progress (callable, optional): Called with the number of files done
            and the number of all.
        **options: Further arguments of :func:`convert_label`.

    Returns:
        list[ConvertedLabel]: In the order of ``files``.
    """
    convert = partial(convert_label, **options)
    results = []

    def collect(converted) -> List[ConvertedLabel]:
        for result in converted:
            results.append(result)
            if progress is not None:
                progress(len(results), len(files))
        return results

    if workers <= 1:
        return collect(map(convert, files))
    with ThreadPoolExecutor(workers) as pool:
        return collect(pool.map(convert, files))
