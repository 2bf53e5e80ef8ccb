from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional

import numpy as np

from ..class_counts import image_names, read_class_counts, select_counts
from ..dataset_tree import walk_datasets
from .seeded_index import WantedClass, hash_seed

FIELD = 'train_dataloader.sampler.rare_class_sampling'


class RareClassTable(NamedTuple):
    """What rare class sampling draws from.

    Args:
        classes (list[int]): Classes that are drawn.
        bounds (np.ndarray): Cumulated probabilities of ``classes``.
        images (list[np.ndarray]): Indices of the images of each class.
        min_crop_pixels (float): As ``WantedClass.min_pixels``.
        max_tries (int): As ``WantedClass.max_tries``.
    """
    classes: List[int]
    bounds: np.ndarray
    images: List[np.ndarray]
    min_crop_pixels: float
    max_tries: int


def build_rare_class_table(dataset,
                           statistics: str,
                           temperature: float = 0.01,
                           min_pixels: int = 3000,
                           min_crop_ratio: float = 0.5,
                           max_tries: int = 10,
                           field: str = FIELD) -> RareClassTable:
    """Prepare rare class sampling of a labelled data set.

    Class ``c``, of which the data set shows the share ``f_c`` of all pixels,
    is drawn with the probability ``softmax((1 - f_c) / temperature)``, then
    one of the images that show it. The defaults are those of `DAFormer
    <https://arxiv.org/abs/2111.14887>`_, section 3.3.

    Args:
        dataset (BaseSegDataset): The data set; a wrapper must leave its
            order as it is.
        statistics (str): File of ``tools/dataset_converters/class_counts.py``
            with the pixels of each class in each image. The converters of GTA
            and SYNTHIA make it too.
        temperature (float): Smoothness of the distribution; a high one makes
            all classes equal. Defaults to 0.01.
        min_pixels (int): An image shows a class if it has more pixels of it,
            in its original size. A class that no image shows is not drawn.
            Defaults to 3000.
        min_crop_ratio (float): The image is augmented anew until it has more
            than ``min_crop_ratio * min_pixels`` pixels of the class. Defaults
            to 0.5.
        max_tries (int): Augmentations to try at most; 1 takes the first.
            Defaults to 10.
        field (str): Config field of the arguments, for messages.

    Returns:
        RareClassTable: The table.

    Raises:
        ValueError: If an argument is out of range or the statistics are
            those of another data set.
        FileNotFoundError: If there are no statistics.
    """
    for name, value, is_right in (('temperature', temperature, temperature
                                   > 0), ('min_pixels', min_pixels, min_pixels
                                          >= 0),
                                  ('min_crop_ratio', min_crop_ratio,
                                   0 <= min_crop_ratio <= 1),
                                  ('max_tries', max_tries, max_tries >= 1)):
        if not is_right:
            raise ValueError(f'{field}.{name} is out of its range: {value}.')
    leaves = [leaf for _, leaf in walk_datasets(dataset)]
    if len(leaves) != 1 or len(leaves[0]) != len(dataset):
        raise ValueError(f'{field} needs a plain data set, but '
                         f'{type(dataset).__name__} joins or repeats others.')
    classes = leaves[0].metainfo.get('classes')
    if not classes:
        raise ValueError(f'{field} needs a data set with classes, but '
                         f'{type(leaves[0]).__name__} has none.')
    path_field = f'{field}.statistics'
    counts = select_counts(
        read_class_counts(statistics, path_field), classes,
        image_names(leaves[0]), statistics, path_field)
    shown = counts > min_pixels
    drawn = np.flatnonzero(shown.any(axis=0))
    if not drawn.size:
        raise ValueError(f'{field}.min_pixels is {min_pixels}, but no image '
                         'has as many pixels of any class.')
    share = counts.sum(axis=0) / counts.sum()
    score = (1 - share[drawn]) / temperature
    weight = np.exp(score - score.max())
    return RareClassTable(drawn.tolist(),
                          np.cumsum(weight) / weight.sum(),
                          [np.flatnonzero(shown[:, c]) for c in drawn],
                          min_crop_ratio * min_pixels, max_tries)


def build_rare_class_tables(options: Optional[Mapping[str, dict]], dataset,
                            names: Iterable[str]) -> Dict[str, RareClassTable]:
    """Prepare rare class sampling of the sources that ask for it.

    Args:
        options (dict[str, dict], optional): Arguments of
            :func:`build_rare_class_table` by source.
        dataset (Dataset): A :class:`MultiSourceDataset`, or any other data
            set as a single source.
        names (Iterable[str]): Names of all sources.

    Returns:
        dict[str, RareClassTable]: Tables by source.

    Raises:
        ValueError: If there is no such source.
    """
    sources = getattr(dataset, 'sources', None)
    sources = sources or dict.fromkeys(names, dataset)
    tables = {}
    for name, kwargs in (options or {}).items():
        if name not in sources:
            raise ValueError(f'{FIELD} has the source {name!r}, but '
                             f'train_dataloader.dataset has {list(sources)}.')
        tables[name] = build_rare_class_table(
            sources[name], field=f'{FIELD}.{name}', **kwargs)
    return tables


class RareClassOrder:
    """Endless order of one source that shows its rare classes often.

    The class and the image of a position are drawn with a hash of (seed,
    source name, position), so that the order has no state, is sharded like
    any other and is read at any position at once. There are no epochs.

    Args:
        table (RareClassTable): What to draw from.
        name (str): Name of the source.
        seed (int): Seed of the run.
        start (int): Position of the first batch. Defaults to 0.
    """

    def __init__(self,
                 table: RareClassTable,
                 name: str,
                 seed: int,
                 start: int = 0) -> None:
        self.table = table
        self.name = name
        self.seed = seed
        self.start = start

    def __getitem__(self, position: int) -> int:
        """Index of the image at a position, counted from ``start``."""
        images = self.table.images[self._draw_class(position)]
        draw = hash_seed(self.seed, self.name, 'rare image',
                         self.start + position)
        return int(images[draw % len(images)])

    def wanted(self, position: int) -> WantedClass:
        """The class that the image at a position was drawn for."""
        return WantedClass(self.table.classes[self._draw_class(position)],
                           self.table.min_crop_pixels, self.table.max_tries)

    def _draw_class(self, position: int) -> int:
        draw = hash_seed(self.seed, self.name, 'rare class',
                         self.start + position) / 2**32
        found = np.searchsorted(self.table.bounds, draw, side='right')
        return min(int(found), len(self.table.classes) - 1)
