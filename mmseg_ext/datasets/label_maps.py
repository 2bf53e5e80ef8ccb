from typing import Mapping, Optional

import numpy as np
from PIL import Image

IGNORED = 255


def lookup_table(mapping: Mapping[int, int],
                 field: str = 'mapping') -> np.ndarray:
    """Make a table that maps a label map in one look-up.

    Args:
        mapping (dict[int, int]): Class id of each label id; label ids that it
            lacks are ignored.
        field (str): Name of ``mapping`` in a message. Defaults to 'mapping'.

    Returns:
        np.ndarray: uint8 (256, ), to be indexed with uint8 labels.

    Raises:
        ValueError: If an id is not a whole number from 0 to 255.
    """
    table = np.full(256, IGNORED, np.uint8)
    for old, new in mapping.items():
        for value in (old, new):
            is_id = isinstance(value, (int, np.integer))
            if not is_id or isinstance(value, bool) or not 0 <= value <= 255:
                raise ValueError(f'{field} has the entry {old!r}: {new!r}, '
                                 'but ids are whole numbers from 0 to 255.')
        table[old] = new
    return table


def read_label_map(path: str) -> np.ndarray:
    """Read an image of one channel, or the indices of one with a palette.

    Args:
        path (str): The file.

    Returns:
        np.ndarray: Of shape (H, W).

    Raises:
        ValueError: If it is missing, broken or has colours.
    """
    try:
        with Image.open(path) as image:
            label = np.array(image)
    except (OSError, SyntaxError) as error:  # of PNGs with broken chunks
        raise ValueError(
            f'{path} is missing or no label map ({error}).') from error
    if label.ndim != 2:
        raise ValueError(f'{path} has {label.shape[-1]} colour channels, '
                         'expected is one channel of class ids.')
    return label


def compose_label_maps(first: Mapping[int, int],
                       second: Optional[Mapping[int, int]],
                       num_labels: int) -> Mapping[int, int]:
    """Map label ids to classes and these to a subset of the classes.

    Args:
        first (dict[int, int]): Class id of each label id that has one.
        second (dict[int, int], optional): ``label_map`` of a data set with a
            subset of the classes. None keeps all classes.
        num_labels (int): Number of label ids that files may hold.

    Returns:
        dict[int, int]: The ``label_map`` for files with label ids, complete:
        one entry for each label id, 255 where it has no class.
    """
    table = lookup_table(first)[:num_labels]
    if second is not None:
        table = lookup_table(second)[table]
    return {old: int(new) for old, new in enumerate(table)}
