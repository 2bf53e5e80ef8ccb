import math
from functools import lru_cache
from typing import Set

import numpy as np

from .seeded_index import hash_seed

# Draws within which no image of a large source comes back. More than any
# global batch; fixed, so that the order is the same for every batch size.
MAX_SPACING = 1024


class SourceOrder:
    """Endless shuffled order of one source, addressable at any position.

    Position ``p`` holds item ``p % length`` of the permutation of epoch
    ``p // length``, a function of (seed, source name, epoch) alone. Where two
    epochs meet, an image from the end of the first may stand at the start of
    the second; such images are moved further back into the second, so that
    each epoch still holds each image once while no image comes twice within
    one global batch.

    - Where the batch is small beside the source, the ``length // 3`` last
      images of an epoch (at most 1023) are kept out of as many first
      positions of the next. That does not depend on the batch.
    - Where it is not, only the batch that straddles two epochs is looked at.
      Its epochs are corrected one after the other from the last position
      where batch and epoch begin together, at most ``batch_size`` epochs ago.
    - A source smaller than the batch repeats images of necessity.

    Args:
        length (int): Number of images of the source.
        batch_size (int): Images of the source in one global batch (of all
            ranks).
        name (str): Name of the source; independent orders need it.
        seed (int): Seed of the run.
        shuffle (bool): False gives 0, 1, 2, ... over and over. Defaults to
            True.
        start (int): Position of the first batch. Defaults to 0.
    """

    def __init__(self,
                 length: int,
                 batch_size: int,
                 name: str,
                 seed: int,
                 shuffle: bool = True,
                 start: int = 0) -> None:
        self.length = length
        self.batch_size = batch_size
        self.name = name
        self.seed = seed
        self.shuffle = shuffle
        self.spacing = min(length // 3, MAX_SPACING - 1)
        self.is_small = batch_size > self.spacing + 1
        if self.is_small:
            # The correction of a small source counts from an epoch's start.
            start = math.ceil(start / length) * length
        self.start = start
        self._permutation = lru_cache(maxsize=2)(self._make_permutation)

    def __getitem__(self, position: int) -> int:
        """Index of the image at a position, counted from ``start``."""
        epoch, offset = divmod(self.start + position, self.length)
        if not self.shuffle:
            return offset
        return int(self._permutation(epoch)[offset])

    def wanted(self, position: int) -> None:
        """No class that the image at a position has to show."""

    def __getstate__(self) -> dict:
        state = self.__dict__.copy()
        del state['_permutation']
        return state

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self._permutation = lru_cache(maxsize=2)(self._make_permutation)

    def _raw_permutation(self, epoch: int) -> np.ndarray:
        # The stream of RandomState is frozen; Generator's may change with
        # the version of numpy.
        seed = hash_seed(self.seed, self.name, 'epoch', epoch)
        return np.random.RandomState(seed).permutation(self.length)

    def _make_permutation(self, epoch: int) -> np.ndarray:
        if not self.is_small:
            order = self._raw_permutation(epoch)
            if epoch > 0 and self.spacing > 0:
                tail = self._raw_permutation(epoch - 1)[-self.spacing:]
                # With 3 * spacing <= length the swaps never reach the tail,
                # which is therefore known without its own predecessor.
                _move_back(order, set(tail.tolist()), self.spacing)
            return order
        return self._make_small_permutation(epoch)

    def _make_small_permutation(self, epoch: int) -> np.ndarray:
        order = self._raw_permutation(epoch)
        if self.length < self.batch_size:
            return order
        first = self.start // self.length
        block = math.lcm(self.length, self.batch_size) // self.length
        previous = None
        for current in range(epoch - (epoch - first) % block, epoch + 1):
            order = self._raw_permutation(current)
            begun = (current - first) * self.length % self.batch_size
            if previous is not None and begun:
                tail = set(previous[-begun:].tolist())
                _move_back(order, tail, self.batch_size - begun)
            previous = order
        return order


def _move_back(order: np.ndarray, taken: Set[int], head: int) -> None:
    """Swap the taken images among the first ``head`` with the next others.

    Args:
        order (np.ndarray): Permutation, changed in place.
        taken (set[int]): Images that must not stand among the first.
        head (int): Number of first positions.
    """
    spare = (i for i in range(head, len(order)) if int(order[i]) not in taken)
    for i in range(head):
        if int(order[i]) in taken:
            j = next(spare)
            order[i], order[j] = order[j], order[i]
