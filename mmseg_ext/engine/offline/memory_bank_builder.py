"""Cuts objects out of images for a memory bank."""
import hashlib
import json
import logging
import os
import os.path as osp
import shutil
from typing import (Callable, Dict, Iterable, List, Optional, Sequence, Tuple,
                    Union)

import cv2
import numpy as np
from mmengine.logging import print_log
from PIL import Image

from ...datasets.memory_bank import INDEX, OBJECTS, VERSION, MemoryBank
from ...utils.atomic_io import atomic_open
from .images import show_progress

# of an image: name, BGR and, of each pixel, its class, where 0 and 255 are
# none, and where it is known its instance, where 0 is none
Labeled = Union[Tuple[str, np.ndarray, np.ndarray],
                Tuple[str, np.ndarray, np.ndarray, np.ndarray]]


class MemoryBankBuilder:
    """Stores objects of each class: instances, else connected parts of it.

    Images come in a seeded order. Of an image the largest object of each class
    is taken; further ones only where all images together do not have enough.
    Stored is the tight box around it, its mask in the alpha channel.

    Args:
        folder (str): The bank.
        classes (Sequence[str]): Classes in channel order, background first.
        labels (Sequence[int]): Those to store.
        per_class (int): Objects B of a class at most. Defaults to 50.
        min_area (float): Least area of an object as a share of the image.
            Defaults to 0.005.
        max_side (int): Objects with a longer side are shrunk to it. Defaults
            to 320.
        pseudo (bool): Whether a network has told the labels. Defaults to
            False.
    """

    def __init__(self,
                 folder: str,
                 classes: Sequence[str],
                 labels: Sequence[int],
                 per_class: int = 50,
                 min_area: float = 0.005,
                 max_side: int = 320,
                 pseudo: bool = False) -> None:
        self.folder = folder
        self.classes = list(classes)
        self.labels = list(labels)
        self.per_class = per_class
        self.min_area = min_area
        self.max_side = max_side
        self.pseudo = pseudo
        self.entries: List[dict] = []
        self.counts: Dict[int, int] = {label: 0 for label in self.labels}

    def adopt(self, bank: MemoryBank) -> None:
        """Take over the objects of the bank of the step before.

        Args:
            bank (MemoryBank): The bank; its files are linked or copied.
        """
        bank.check_classes(self.classes)
        bank.verify()
        for entry in bank.objects:
            path = osp.join(self.folder, entry.file)
            os.makedirs(osp.dirname(path), exist_ok=True)
            if not osp.exists(path):
                source = osp.join(bank.folder, entry.file)
                try:
                    os.link(source, path)
                except OSError:  # another file system
                    shutil.copy2(source, path)
            self.entries.append(entry._asdict())

    def collect(self, images: Sequence, load: Callable[[object],
                                                       Labeled]) -> None:
        """Cut objects out of images.

        Args:
            images (Sequence): In the order in which they are taken.
            load (callable): Gives name, image and labels of one, and its
                instances where they are known.
        """
        spares: List[Tuple[int, int, int]] = []
        for number, item in enumerate(show_progress(images, len(images))):
            if self._full():
                continue
            name, image, labels, *instances = load(item)
            for label in self.labels:
                parts = self._parts(labels == label, *instances)
                if parts:
                    self._store(label, name, image, parts[0])
                spares += [(rank, number, label)
                           for rank in range(1, len(parts))]
        # largest first within an image, over all images in turn
        for rank, number, label in sorted(spares):
            if self.counts[label] < self.per_class:
                name, image, labels, *instances = load(images[number])
                parts = self._parts(labels == label, *instances)
                self._store(label, name, image, parts[rank])
        for label in self.labels:
            count = self.counts[label]
            if count < self.per_class:
                print_log(
                    f'The memory bank {self.folder} has {count} objects of '
                    f'{self.classes[label]!r}, wanted were {self.per_class}.',
                    logger='current',
                    level=logging.WARNING if count == 0 else logging.INFO)

    def write(self, task: str, step: int) -> int:
        """Write the index, by which the bank is complete.

        Args:
            task (str): Name of the task.
            step (int): The step whose images the bank was cut from.

        Returns:
            int: Bytes of all objects.
        """
        index = dict(
            version=VERSION,
            task=task,
            step=step,
            classes=self.classes,
            objects=self.entries)
        with atomic_open(osp.join(self.folder, INDEX), 'w') as file:
            json.dump(index, file, indent=1)
        return sum(
            osp.getsize(osp.join(self.folder, entry['file']))
            for entry in self.entries)

    @property
    def bound(self) -> int:
        """int: bytes that the objects of these labels can take at most."""
        return len(self.labels) * self.per_class * 4 * self.max_side**2

    def _full(self) -> bool:
        return all(count >= self.per_class for count in self.counts.values())

    def _parts(self,
               mask: np.ndarray,
               instances: Optional[np.ndarray] = None) -> List[np.ndarray]:
        """Masks of objects that are large enough, the largest first."""
        if instances is not None and instances[mask].any():
            parts = np.where(mask, instances, 0)
            ids, areas = np.unique(instances[mask], return_counts=True)
        else:
            count, parts, stats, _ = cv2.connectedComponentsWithStats(
                mask.astype(np.uint8), connectivity=8)
            ids, areas = np.arange(count), stats[:, cv2.CC_STAT_AREA]
        least = max(self.min_area * mask.size, 1)
        return [
            parts == ids[i] for i in np.argsort(-areas, kind='stable')
            if ids[i] != 0 and areas[i] >= least
        ]

    def _store(self, label: int, source: str, image: np.ndarray,
               mask: np.ndarray) -> None:
        number = self.counts[label]
        if number >= self.per_class:
            return
        left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
        window = np.s_[top:top + height, left:left + width]
        color = np.ascontiguousarray(image[window])
        alpha = mask[window].astype(np.uint8) * 255
        scale = self.max_side / max(width, height)
        if scale < 1:
            size = (max(1, round(width * scale)), max(1,
                                                      round(height * scale)))
            color = cv2.resize(color, size, interpolation=cv2.INTER_AREA)
            alpha = cv2.resize(alpha, size, interpolation=cv2.INTER_NEAREST)
            if not alpha.any():
                return
        content = cv2.imencode('.png', np.dstack([color, alpha]))[1].tobytes()
        name = f'{OBJECTS}/{label:03d}_{number:04d}.png'
        with atomic_open(osp.join(self.folder, name)) as file:
            file.write(content)
        self.counts[label] += 1
        self.entries.append(
            dict(
                label=label,
                file=name,
                area=int(mask.sum()),
                source=source,
                pseudo=self.pseudo,
                sha1=hashlib.sha1(content).hexdigest()))


def find_instances(folder: str, names: Sequence[str]) -> Dict[str, str]:
    """Files of instances of those images that have one.

    Args:
        folder (str): Holds a PNG named like each such image.
        names (Sequence[str]): The images.

    Returns:
        dict[str, str]: Path by image.

    Raises:
        ValueError: If none has one.
    """
    paths = {name: osp.join(folder, f'{name}.png') for name in names}
    found = {name: path for name, path in paths.items() if osp.isfile(path)}
    if not found:
        raise ValueError(f'--instances {folder} has no file of any image: '
                         f'expected are {paths[names[0]]} and the like.')
    return found


def read_instances(path: str, shape: Tuple[int, int]) -> np.ndarray:
    """Read the number of each pixel's instance.

    Args:
        path (str): PNG of numbers, of 8 bits where 255 is none (the borders
            of Pascal VOC) or of 16, or of COCO's colours
            :math:`R + 256 G + 256^2 B`; 0 is none.
        shape (tuple[int, int]): Height and width of the label map.

    Returns:
        np.ndarray: int32 (H, W), 0 is none.

    Raises:
        ValueError: If it is another kind of file, or of another size.
    """
    with Image.open(path) as image:
        mode, values = image.mode, np.asarray(image).astype(np.int32)
    if mode == 'RGB':
        values = values @ np.array([1, 256, 256**2], np.int32)
    elif mode in ('L', 'P'):
        values[values == 255] = 0
    if values.shape != tuple(shape):
        raise ValueError(f'The instances {path} are a PNG of mode {mode} and '
                         f'shape {values.shape}, but its label map has the '
                         f'shape {tuple(shape)}.')
    return values


def confident_parts(labels: np.ndarray,
                    confidence: np.ndarray,
                    shown: Iterable[int],
                    least: float,
                    min_pixels: Optional[int] = 1) -> np.ndarray:
    """Keep the parts of a prediction that the network is sure of.

    Args:
        labels (np.ndarray): Predicted classes, (H, W).
        confidence (np.ndarray): Score of the predicted class, (H, W).
        shown (Iterable[int]): Classes that the image shows; others go.
        least (float): Least mean confidence of a part.
        min_pixels (int): Smaller parts are not looked at. Defaults to 1.

    Returns:
        np.ndarray: The classes that are kept, 0 elsewhere.
    """
    kept = np.zeros_like(labels)
    for label in shown:
        count, parts = cv2.connectedComponents(
            (labels == label).astype(np.uint8), connectivity=8)
        sums = np.bincount(parts.ravel(), confidence.ravel(), minlength=count)
        sizes = np.bincount(parts.ravel(), minlength=count)
        sure = (sums >= least * sizes) & (sizes >= min_pixels)
        sure[0] = False
        kept[sure[parts]] = label
    return kept
