"""What ``tools/explain_dataset.py`` writes: a byte or less a pixel.

``manifest.json`` is the recipe; ``deciles/`` has a PNG for each image, under
its name; ``flags/`` a small file for each image of which something is to be
said; and when all is done ``images.jsonl`` lists the images and
``finished.json`` counts them.
"""
import json
import os
import os.path as osp
from typing import Dict, List, NamedTuple, Optional, Sequence

import cv2
import numpy as np

from ...utils.atomic_io import atomic_open
from .cache import OfflineCache

MAPS, FLAGS, MEMBERS, SHEETS = 'deciles', 'flags', 'members', 'sheets'
INDEX = 'images.jsonl'
STORES = ('decile', 'binary')
TOP = 9


class ClassifiedImage(NamedTuple):
    """An image of a classification data set.

    Attributes:
        path (str): Its file.
        name (str): Its path relative to the folder of all images.
        label (int): Its class.
    """
    path: str
    name: str
    label: int

    @property
    def map_name(self) -> str:
        """str: name of its map."""
        return osp.splitext(self.name)[0] + '.png'


class ExplanationStore:
    """Files of an explained data set.

    Args:
        cache (OfflineCache): The folder.
        store (str): ``'decile'`` for the ten levels, 8 bits a pixel ahead of
            compression, or ``'binary'`` for the top level alone, 1 bit.
            Defaults to 'decile'.

    Raises:
        ValueError: If ``store`` is neither.
    """

    def __init__(self, cache: OfflineCache, store: str = 'decile') -> None:
        if store not in STORES:
            raise ValueError(f'explanation.store must be one of '
                             f'{", ".join(STORES)}, but is {store!r}.')
        self.cache = cache
        self.store = store

    def write(self, image: ClassifiedImage, deciles: Optional[np.ndarray],
              members: Dict[str, np.ndarray], flags: dict) -> None:
        """Write what is known of an image; its map, or flags, come last.

        Args:
            image (ClassifiedImage): The image.
            deciles (np.ndarray, optional): uint8 (H, W); None if degenerate.
            members (dict[str, np.ndarray]): Levels of each classifier, to be
                kept beside.
            flags (dict): What is to be said of it.
        """
        for name, levels in members.items():
            self._write_map(
                self.cache.path(MEMBERS, name, image.map_name), levels)
        path = self._flags_path(image)
        if flags:
            with atomic_open(path, 'w') as file:
                json.dump(flags, file)
        elif osp.exists(path):  # of an attempt that failed
            os.remove(path)
        if deciles is not None:
            self._write_map(self.cache.path(MAPS, image.map_name), deciles)

    def is_done(self, image: ClassifiedImage) -> bool:
        """Whether the map is there, whole, or cannot be had."""
        path = self.cache.path(MAPS, image.map_name)
        if osp.exists(path):
            return _is_whole(path)
        return bool(self.flags(image).get('degenerate'))

    def flags(self, image: ClassifiedImage) -> dict:
        """What is to be said of an image."""
        try:
            with open(self._flags_path(image), encoding='utf-8') as file:
                return json.load(file)
        except FileNotFoundError:
            return {}

    def forget_failure(self, image: ClassifiedImage) -> None:
        """Forget that an image failed, ahead of another attempt."""
        if 'failed' in self.flags(image):
            os.remove(self._flags_path(image))

    def finish(self, images: Sequence[ClassifiedImage]) -> Optional[dict]:
        """Write index and counts, if every image is done or has failed.

        Any process may call it: the last one to end finds all done, and two
        that end at once write the same.

        Args:
            images (Sequence[ClassifiedImage]): All images.

        Returns:
            dict or None: The counts; None if other processes are not done.
        """
        lines, failed, degenerate, size = [], 0, 0, 0
        for image in images:
            flags = self.flags(image)
            path = self.cache.path(MAPS, image.map_name)
            if osp.exists(path):
                size += osp.getsize(path)
            elif 'failed' in flags:
                failed += 1
                continue
            elif 'degenerate' in flags:
                degenerate += 1
            else:
                return None
            lines.append(
                json.dumps(dict(image=image.name, label=image.label, **flags)))
        with atomic_open(self.cache.path(INDEX), 'w') as file:
            file.writelines(f'{line}\n' for line in lines)
        counts = dict(
            images=len(lines) - degenerate,
            degenerate=degenerate,
            failed=failed,
            bytes_per_image=round(size / max(len(lines) - degenerate, 1), 1))
        with atomic_open(self.cache.path('finished.json'), 'w') as file:
            json.dump(counts, file, indent=1)
        return counts

    def _write_map(self, path: str, levels: np.ndarray) -> None:
        options = []
        if self.store == 'binary':
            levels = (levels == TOP).astype(np.uint8) * 255
            options = [cv2.IMWRITE_PNG_BILEVEL, 1]
        # whether it is whole is looked at when a command goes on
        with atomic_open(path, sync=False) as file:
            file.write(cv2.imencode('.png', levels, options)[1].tobytes())

    def _flags_path(self, image: ClassifiedImage) -> str:
        return self.cache.path(FLAGS, image.map_name[:-len('png')] + 'json')


def check_names(images: Sequence[ClassifiedImage]) -> None:
    """Refuse images whose maps would have one name.

    Raises:
        ValueError: If two would.
    """
    seen = {}
    for image in images:
        other = seen.setdefault(image.map_name, image)
        if other is not image:
            raise ValueError(f'{image.path} and {other.path} would both become'
                             f' {image.map_name}: name them differently.')


def sheet_images(images: List, number: int) -> List:
    """Some images, evenly spread."""
    if number <= 0 or not images:
        return []
    places = np.linspace(0, len(images) - 1, min(number, len(images)))
    return [images[i] for i in places.round().astype(int)]


def _is_whole(path: str) -> bool:
    """Whether a PNG ends as it must; files are written as a whole."""
    with open(path, 'rb') as file:
        if file.seek(0, os.SEEK_END) < 20:
            return False
        file.seek(-8, os.SEEK_END)
        return file.read(4) == b'IEND'
