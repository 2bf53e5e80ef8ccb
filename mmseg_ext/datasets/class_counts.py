"""How many pixels of each class the images of a data set show."""
import json
import os.path as osp
from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

from ..utils.atomic_io import atomic_open

_VERSION = 1


class ClassCounts(NamedTuple):
    """Pixels of each class in each image.

    Args:
        classes (tuple[str]): The classes.
        names (tuple[str]): The images, by their paths below the image folder
            without suffix.
        counts (np.ndarray): int64 (images, classes).
    """
    classes: Tuple[str, ...]
    names: Tuple[str, ...]
    counts: np.ndarray


def image_names(dataset) -> List[str]:
    """Names of a data set's images.

    Args:
        dataset (BaseSegDataset): The data set, no wrapper.

    Returns:
        list[str]: Paths below the image folder without suffix, in the order
        of the data set.
    """
    return [
        image_name(dataset.get_data_info(i)['img_path'], dataset)
        for i in range(len(dataset))
    ]


def image_name(path: str, dataset) -> str:
    """Name of an image of a data set.

    Args:
        path (str): The image.
        dataset (BaseSegDataset): The data set, no wrapper.

    Returns:
        str: Path below the image folder without suffix.
    """
    name = osp.relpath(path, dataset.data_prefix.get('img_path') or '.')
    suffixes = dataset.img_suffix
    for suffix in (suffixes, ) if isinstance(suffixes, str) else suffixes:
        if name.lower().endswith(suffix.lower()):
            name = name[:-len(suffix)]
            break
    return name.replace('\\', '/')


def write_class_counts(path: str, counts: ClassCounts) -> None:
    """Write the counts as JSON, atomically.

    Args:
        path (str): The file; its folder is made.
        counts (ClassCounts): The counts.
    """
    with atomic_open(path, 'w') as file:
        json.dump(
            dict(
                version=_VERSION,
                classes=counts.classes,
                images=dict(zip(counts.names, counts.counts.tolist()))),
            file,
            separators=(',', ':'))


def read_class_counts(path: str, field: str = 'statistics') -> ClassCounts:
    """Read counts that :func:`write_class_counts` wrote.

    Args:
        path (str): The file.
        field (str): Config field that names it, for messages. Defaults to
            'statistics'.

    Returns:
        ClassCounts: The counts.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is of another kind or damaged.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(
            f'{field} names {path}, which does not exist; make it with '
            'tools/dataset_converters/class_counts.py.')
    try:
        with open(path, encoding='utf-8') as file:
            content = json.load(file)
        if content['version'] != _VERSION:
            raise ValueError(f'version {content["version"]}')
        classes, images = tuple(content['classes']), content['images']
        counts = np.array(list(images.values()), dtype=np.int64)
        counts = counts.reshape(len(images), len(classes))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f'{field} names {path}, which holds no class counts ({error!r}); '
            'make it with tools/dataset_converters/class_counts.py.'
        ) from error
    return ClassCounts(classes, tuple(images), counts)


def select_counts(counts: ClassCounts, classes: Sequence[str],
                  names: Sequence[str], path: str, field: str) -> np.ndarray:
    """Pick the counts of some classes and images.

    Args:
        counts (ClassCounts): The counts.
        classes (Sequence[str]): The classes.
        names (Sequence[str]): The images.
        path (str): File of the counts, for messages.
        field (str): Config field that names it, for messages.

    Returns:
        np.ndarray: int64 (images, classes).

    Raises:
        ValueError: If the counts lack a class or an image.
    """
    columns = {name: i for i, name in enumerate(counts.classes)}
    rows = {name: i for i, name in enumerate(counts.names)}
    for kind, wanted, known in (('class', classes, columns), ('image', names,
                                                              rows)):
        missing = [name for name in wanted if name not in known]
        if missing:
            raise ValueError(
                f'{field} names {path}, which has no counts of the {kind} '
                f'{missing[0]!r} ({len(missing)} of {len(wanted)} are '
                'missing); make it anew with '
                'tools/dataset_converters/class_counts.py.')
    picked = counts.counts[[rows[name] for name in names]]
    return picked[:, [columns[name] for name in classes]]
