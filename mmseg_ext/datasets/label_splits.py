"""Drawing which images of a data set are labelled."""
import copy
import math
import os.path as osp
import re
from pathlib import PurePath
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence

import numpy as np
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import DATASETS

from ..utils.config_fields import type_name
from .class_counts import image_name
from .dataset_tree import pipeline_transforms, walk_datasets
from .label_scan import load_class_ids, void_values
from .label_transforms import makes_labels
from .toystreet_generator.stream import Stream


class SplitSize(NamedTuple):
    """How many images are labelled.

    Args:
        name (str): Name of the folder of the lists, e.g. '1_8' or '46'.
        count (int): Number of labelled images.
    """
    name: str
    count: int


class NamedImage(NamedTuple):
    """An image of a data set.

    Args:
        name (str): Its path below the image folder, without the suffix.
        info (dict): Its data info.
        dataset (BaseSegDataset): The data set that holds it.
    """
    name: str
    info: dict
    dataset: object

    def pair(self, root: str) -> str:
        """The paths of image and label map below ``root``, as a line."""
        paths = (self.info['img_path'], self.info.get('seg_map_path'))
        if paths[1] is None:
            raise ValueError(
                f'the image {paths[0]} has no label map, so there is no pair '
                'of paths to write')
        return ' '.join(_relative(path, root) for path in paths)


def parse_size(text: str, num_images: int) -> SplitSize:
    """Read the size of a split.

    Args:
        text (str): A fraction ('1/8', rounded up), a count ('46') or a
            fraction with its count ('1/8=1322').
        num_images (int): Images of the data set.

    Returns:
        SplitSize: The size.

    Raises:
        ValueError: When it cannot be read, or leaves no image on one side.
    """
    match = re.fullmatch(r'(\d+)/(\d+)(?:=(\d+))?|(\d+)', text)
    if not match:
        raise ValueError(
            f'the size of a split must be a fraction such as 1/8, a count '
            f'such as 46 or both as 1/8=46, got {text!r}')
    over, under, given, count = match.groups()
    if count is not None:
        name, number = count, int(count)
    else:
        if not int(over) < int(under):
            raise ValueError(f'the fraction {text!r} is not below 1')
        name = f'{over}_{under}'
        number = int(given) if given is not None else math.ceil(
            int(over) * num_images / int(under))
    if not 0 < number < num_images:
        raise ValueError(
            f'the split {text!r} takes {number} of {num_images} images; at '
            'least one must be labelled and one unlabelled')
    return SplitSize(name, number)


def parse_sizes(texts: Sequence[str], num_images: int) -> List[SplitSize]:
    """Read the sizes of splits whose lists lie side by side.

    Args:
        texts (Sequence[str]): As :func:`parse_size` takes them.
        num_images (int): Images of the data set.

    Returns:
        list[SplitSize]: One for each.

    Raises:
        ValueError: When one cannot be read, or two share a folder.
    """
    sizes = [parse_size(text, num_images) for text in texts]
    names: Dict[str, str] = {}
    for text, size in zip(texts, sizes):
        if size.name in names:
            raise ValueError(
                f'the sizes {names[size.name]!r} and {text!r} would both be '
                f'written to the folder {size.name}; leave one out, or give '
                'it as a count')
        names[size.name] = text
    return sizes


def list_images(dataset_cfg: dict) -> List[NamedImage]:
    """List the images of a data set.

    Args:
        dataset_cfg (dict): Config of the data set, wrapped or not. Of its
            pipelines only what loads labels is built.

    Returns:
        list[NamedImage]: In the order of their names.

    Raises:
        ValueError: When the data set is split already, or two images have
            the same name.
    """
    cfg = copy.deepcopy(dataset_cfg)
    if type_name(cfg) == 'MultiSourceDataset':
        raise ValueError(
            'the data set is a MultiSourceDataset, which is split already; '
            'give the config of the whole labelled set')
    _keep_label_loaders(cfg)
    images: Dict[str, NamedImage] = {}
    for _, leaf in walk_datasets(DATASETS.build(cfg)):
        leaf.full_init()
        for i in range(len(leaf)):
            info = leaf.get_data_info(i)
            name = image_name(info['img_path'], leaf)
            if name in images:
                raise ValueError(
                    f'two images of the data set are called {name}: '
                    f'{images[name].info["img_path"]} and {info["img_path"]}')
            images[name] = NamedImage(name, info, leaf)
    return [images[name] for name in sorted(images)]


def count_classes(images: Sequence[NamedImage],
                  progress: Optional[Callable[[], None]] = None) -> np.ndarray:
    """Count the pixels of every class.

    Args:
        images (Sequence[NamedImage]): The images.
        progress (Callable, optional): Called after each. Defaults to None.

    Returns:
        np.ndarray: int64, (N, classes), in the order of the images.

    Raises:
        RuntimeError: If a label map cannot be read.
        ValueError: If one holds something else than class ids.
    """
    rows = []
    for image in images:
        label = load_class_ids(image.info, _label_loaders(image.dataset))
        row = np.bincount(label.ravel(), minlength=1)
        row[[v for v in void_values(image.dataset) if v < len(row)]] = 0
        rows.append(np.trim_zeros(row, 'b'))
        if progress is not None:
            progress()
    counts = np.zeros((len(rows), max([1, *map(len, rows)])), dtype=np.int64)
    for i, row in enumerate(rows):
        counts[i, :len(row)] = row
    return counts


def draw_order(num_images: int,
               seed: int,
               class_counts: Optional[np.ndarray] = None) -> np.ndarray:
    """Draw the order in which images become labelled.

    A split of n images is the first n of it, so that the smaller splits of
    one seed lie within the larger ones.

    Args:
        num_images (int): Number of images.
        seed (int): Seed; the order is the same on every machine.
        class_counts (np.ndarray, optional): Pixels of every class, (N,
            classes). With it the order is balanced: in turn the class of
            which the smallest share of all its pixels is labelled gets the
            next image, at random among those that show more of the class
            than their median. Defaults to None.

    Returns:
        np.ndarray: A permutation of the indices.
    """
    order = Stream(seed).permutation(num_images)
    if class_counts is None:
        return order
    counts = class_counts[order].astype(np.float64)
    total = counts.sum(axis=0)
    classes = np.flatnonzero(total)
    shares = counts[:, classes] / total[classes]
    rich = np.zeros(shares.shape, dtype=bool)
    for c in range(classes.size):
        shown = shares[:, c] > 0
        rich[:, c] = shown & (shares[:, c] >= np.median(shares[shown, c]))
    free = np.ones(num_images, dtype=bool)
    have = np.zeros(classes.size)
    balanced = []
    for _ in range(num_images):
        # The poorest class that an image is left of.
        for c in np.argsort(have, kind='stable'):
            candidates = np.flatnonzero(free & rich[:, c])
            if candidates.size:
                break
        else:
            candidates = np.flatnonzero(free)
        chosen = candidates[0]
        free[chosen] = False
        have += shares[chosen]
        balanced.append(order[chosen])
    return np.array(balanced)


def _relative(path: str, root: str) -> str:
    return PurePath(osp.relpath(path, root)).as_posix()


def _label_loaders(dataset) -> list:
    """The data set's own transforms that load labels, or the stock one."""
    return pipeline_transforms(dataset) or [
        LoadAnnotations(backend_args=dataset.backend_args)
    ]


def _keep_label_loaders(cfg) -> None:
    """Take all else out of pipelines: it may need what is not installed."""
    if isinstance(cfg, dict):
        if 'pipeline' in cfg:
            cfg['pipeline'] = [t for t in cfg['pipeline'] if makes_labels(t)]
        for value in cfg.values():
            _keep_label_loaders(value)
    elif isinstance(cfg, (list, tuple)):
        for value in cfg:
            _keep_label_loaders(value)
