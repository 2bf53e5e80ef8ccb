"""Objects cut out of images, on disk."""
import hashlib
import json
import os.path as osp
from collections import OrderedDict
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import cv2
import numpy as np

INDEX = 'index.json'
OBJECTS = 'objects'
VERSION = 1


class BankObject(NamedTuple):
    """An object of a bank.

    Args:
        label (int): Its class, an index of the bank's classes.
        file (str): RGBA PNG below the bank; alpha is 255 on the object.
        area (int): Pixels of the object in its source image.
        source (str): The image that it was cut out of.
        pseudo (bool): Whether a network told its mask.
        sha1 (str): Of the file.
    """
    label: int
    file: str
    area: int
    source: str
    pseudo: bool
    sha1: str


class MemoryBank:
    """Reads a bank that ``tools/build_memory_bank.py`` has written.

    Files stay compressed on disk; of those that were read last a few are kept
    decoded, so worker processes hold no copy of the bank each.

    Args:
        folder (str): The bank.
        cache_bytes (int): Bytes of decoded objects kept. Defaults to 2**24.

    Raises:
        FileNotFoundError: If there is no bank.
        ValueError: If its index is of another kind or damaged.
    """

    def __init__(self, folder: str, cache_bytes: int = 2**24) -> None:
        self.folder = folder
        path = osp.join(folder, INDEX)
        if not osp.isfile(path):
            raise FileNotFoundError(
                f'{folder} is no memory bank, {INDEX} is missing: make it '
                'with tools/build_memory_bank.py.')
        with open(path, 'rb') as file:
            content = file.read()
        self.fingerprint = hashlib.sha1(content).hexdigest()
        try:
            index = json.loads(content)
            if index['version'] != VERSION:
                raise ValueError(f'version {index["version"]}')
            self.task: str = index['task']
            self.step: int = index['step']
            self.classes: Tuple[str, ...] = tuple(index['classes'])
            self.objects = [BankObject(**entry) for entry in index['objects']]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f'{path} is no index of a memory bank '
                             f'({error!r}): make it anew with '
                             'tools/build_memory_bank.py.') from error
        self.by_label: Dict[int, List[int]] = {}
        for i, entry in enumerate(self.objects):
            self.by_label.setdefault(entry.label, []).append(i)
        self.cache_bytes = cache_bytes
        self._cache: 'OrderedDict[int, np.ndarray]' = OrderedDict()
        self._cached = 0

    def __len__(self) -> int:
        return len(self.objects)

    def labels(self, classes: Optional[Sequence[str]] = None) -> List[int]:
        """Labels that the bank has objects of.

        Args:
            classes (Sequence[str], optional): Only these. Defaults to None.

        Raises:
            ValueError: If there is no object of one of ``classes``.
        """
        if classes is None:
            return sorted(self.by_label)
        labels = []
        for name in classes:
            label = self.classes.index(name) if name in self.classes else None
            if label not in self.by_label:
                raise ValueError(
                    f'MemoryCopyPaste.classes names {name!r}, of which the '
                    f'bank {self.folder} has no object: it has '
                    f'{[self.classes[i] for i in sorted(self.by_label)]}.')
            labels.append(label)
        return labels

    def read(self, index: int) -> np.ndarray:
        """An object as BGRA, uint8 (h, w, 4); not to be written to."""
        if index in self._cache:
            self._cache.move_to_end(index)
            return self._cache[index]
        path = osp.join(self.folder, self.objects[index].file)
        image = cv2.imread(path, cv2.IMREAD_UNCHANGED)
        if image is None or image.ndim != 3 or image.shape[2] != 4:
            raise ValueError(f'{path} of the memory bank is missing or '
                             'broken: make the bank anew with '
                             'tools/build_memory_bank.py.')
        self._cache[index] = image
        self._cached += image.nbytes
        while self._cached > self.cache_bytes and len(self._cache) > 1:
            self._cached -= self._cache.popitem(last=False)[1].nbytes
        return image

    def verify(self) -> None:
        """Hold every file against its hash.

        Raises:
            ValueError: If one is missing or another.
        """
        for entry in self.objects:
            path = osp.join(self.folder, entry.file)
            if not osp.isfile(path):
                raise ValueError(f'{path} of the memory bank is missing: make '
                                 'the bank anew.')
            with open(path, 'rb') as file:
                if hashlib.sha1(file.read()).hexdigest() != entry.sha1:
                    raise ValueError(f'{path} of the memory bank is not the '
                                     'file that its index tells: make the '
                                     'bank anew.')

    def check_classes(self, classes: Sequence[str]) -> None:
        """Raise unless labels of the bank mean the same classes elsewhere.

        Args:
            classes (Sequence[str]): Classes of a data set, in channel order.

        Raises:
            ValueError: If they do not begin with those of the bank.
        """
        if tuple(classes[:len(self.classes)]) != self.classes:
            raise ValueError(
                f'MemoryCopyPaste.bank {self.folder} is of the task '
                f'{self.task!r}, step {self.step}, with the classes '
                f'{list(self.classes)}, but the data set has '
                f'{list(classes)}: give the bank of its previous step.')
