"""What share of an image each class covers, over a labelled data set."""
import json
import os.path as osp
from dataclasses import asdict, dataclass
from typing import Optional, Sequence, Tuple, Union

import numpy as np

from ..utils.atomic_io import atomic_open

KIND = 'class_size_statistics'
CENTERS = ('mean', 'median_all')
_QUANTILE_DEFINITION = (
    'linear interpolation between the sorted shares of the images that '
    'contain the class; void pixels count in the size of an image')


@dataclass(frozen=True)
class ClassSizeStatistics:
    """Shares of the image that classes cover, and their pixels in all.

    Of `FCNs in the Wild <https://arxiv.org/abs/1612.02649>`_, section 3.2. A
    class that occurs nowhere has 0 everywhere.

    Attributes:
        classes (tuple[str]): Names of the C classes.
        num_images (int): Images of the data set.
        image_counts (tuple[int]): Images that contain the class, (C, ).
        pixel_counts (tuple[int]): Pixels of the class in all images, (C, ).
        alpha (tuple[float]): Lower quantile of the share over the images that
            contain the class, (C, ).
        delta (tuple[float]): Its centre, (C, ).
        gamma (tuple[float]): Its upper quantile, (C, ).
        center (str): What delta is: ``'mean'`` over the images that contain
            the class, or ``'median_all'``, the median over all images.
        quantiles (tuple[float]): Which quantiles alpha and gamma are.
    """
    classes: Tuple[str, ...]
    num_images: int
    image_counts: Tuple[int, ...]
    pixel_counts: Tuple[int, ...]
    alpha: Tuple[float, ...]
    delta: Tuple[float, ...]
    gamma: Tuple[float, ...]
    center: str = 'mean'
    quantiles: Tuple[float, float] = (0.1, 0.9)

    @property
    def class_shares(self) -> Tuple[float, ...]:
        """tuple[float]: Share of each class among the labelled pixels."""
        total = sum(self.pixel_counts)
        return tuple(count / total for count in self.pixel_counts)

    @classmethod
    def from_counts(
        cls,
        classes: Sequence[str],
        counts: np.ndarray,
        sizes: np.ndarray,
        center: str = 'mean',
        quantiles: Tuple[float, float] = (0.1, 0.9)
    ) -> 'ClassSizeStatistics':
        """Compute the statistics.

        Args:
            classes (Sequence[str]): Names of the classes.
            counts (np.ndarray): Pixels of each class in each image, int
                (N, C).
            sizes (np.ndarray): All pixels of each image, void ones included,
                int (N, ).
            center (str): See the class. Defaults to 'mean'.
            quantiles (tuple[float]): See the class. Defaults to (0.1, 0.9).

        Returns:
            ClassSizeStatistics: The statistics.

        Raises:
            ValueError: If an option has none of its values, or no pixel has a
                class.
        """
        if center not in CENTERS:
            raise ValueError(
                f'center must be one of {CENTERS} but is {center!r}.')
        if not 0 <= quantiles[0] <= quantiles[1] <= 1:
            raise ValueError('quantiles must be two rising numbers in [0, 1] '
                             f'but are {tuple(quantiles)}.')
        if not counts.sum():
            raise ValueError(
                f'none of the pixels of {len(counts)} label maps has a class, '
                'so there are no sizes to count.')
        shares = counts / sizes[:, None]
        table = np.zeros((3, len(classes)))
        for c, column in enumerate(shares.T):
            shown = column[counts[:, c] > 0]
            if not shown.size:
                continue
            middle = shown.mean() if center == 'mean' else np.median(column)
            low, high = np.quantile(shown, quantiles)
            table[:, c] = low, middle, high
        alpha, delta, gamma = (tuple(row.tolist()) for row in table)
        return cls(
            tuple(classes), len(counts), tuple((counts > 0).sum(0).tolist()),
            tuple(counts.sum(0).tolist()), alpha, delta, gamma, center,
            tuple(quantiles))

    def save(self, path: str) -> None:
        """Write a JSON file, which is either whole or not there.

        Args:
            path (str): The file.
        """
        content = dict(kind=KIND, **asdict(self))
        content['quantile_definition'] = _QUANTILE_DEFINITION
        with atomic_open(path, 'w') as file:
            # One field a line, whatever its length.
            lines = (f'"{key}": {json.dumps(value)}'
                     for key, value in content.items())
            file.write('{' + ',\n '.join(lines) + '}\n')

    @classmethod
    def load(cls,
             source: Union[str, dict, 'ClassSizeStatistics'],
             field: str = 'stats') -> 'ClassSizeStatistics':
        """Read what :meth:`save` wrote.

        Args:
            source (str or dict): The file or its content; statistics are
                returned as they are.
            field (str): Config field that names it, for messages. Defaults to
                'stats'.

        Returns:
            ClassSizeStatistics: The statistics.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is not of this kind, or damaged.
        """
        if isinstance(source, cls):
            return source
        content, name = source, field
        if not isinstance(source, dict):
            content, name = _read(str(source), field), f'{field}={source!r}'
        fault = _fault(content)
        if fault:
            raise ValueError(f'{name} {fault}; make it with tools/'
                             'dataset_converters/class_size_statistics.py.')
        values = {
            key: tuple(value) if isinstance(value, (list, tuple)) else value
            for key, value in content.items()
            if key in cls.__dataclass_fields__
        }
        return cls(**values)


def _read(path: str, field: str) -> Optional[dict]:
    if not osp.isfile(path):
        raise FileNotFoundError(
            f'{field}={path!r} does not exist; make it with tools/'
            'dataset_converters/class_size_statistics.py.')
    try:
        with open(path, encoding='utf-8') as file:
            return json.load(file)
    except ValueError as error:
        raise ValueError(f'{field}={path!r} is no JSON file ({error}).')


def _fault(content) -> Optional[str]:
    """What is wrong with statistics, as the end of a sentence."""
    if not isinstance(content, dict) or content.get('kind', KIND) != KIND:
        return 'holds no class size statistics'
    names = content.get('classes')
    if not names:
        return 'names no classes'
    for key in ('image_counts', 'pixel_counts', 'alpha', 'delta', 'gamma'):
        values = content.get(key)
        if not isinstance(values, (list, tuple)) or len(values) != len(names):
            return f'must have {len(names)} values of {key}, one a class'
        most = 1 if key in ('alpha', 'delta', 'gamma') else float('inf')
        bad = [
            v for v in values
            if not isinstance(v, (int, float)) or not 0 <= v <= most
        ]
        if bad:
            return f'has the impossible value {bad[0]} in {key}'
    if not sum(content['pixel_counts']):
        return 'counts no pixels'
    if not isinstance(content.get('num_images'), int):
        return 'does not tell num_images'
    return None
