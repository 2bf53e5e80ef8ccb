import hashlib
import random
from contextlib import contextmanager
from typing import Iterator, NamedTuple, Optional

import numpy as np
import torch


class WantedClass(NamedTuple):
    """A class that a sample shall show after its augmentation.

    Args:
        class_id (int): The class.
        min_pixels (float): More pixels than this are enough.
        max_tries (int): Augmentations to try; the last one is taken whatever
            it shows.
    """
    class_id: int
    min_pixels: float
    max_tries: int


class SeededIndex(int):
    """A sample index that carries the seed of the sample's augmentation.

    It is an ``int`` wherever an index is asked for, and survives the pickling
    on its way to a worker.

    Args:
        index (int): Index of the sample in its dataset.
        seed (int, optional): Seed of everything random in the sample's
            pipeline, in [0, 2**32). Defaults to None, no seeding.
        wanted (WantedClass, optional): A class to show. Defaults to None.
    """

    def __new__(cls,
                index: int,
                seed: Optional[int] = None,
                wanted: Optional[WantedClass] = None) -> 'SeededIndex':
        self = super().__new__(cls, index)
        self.seed = seed
        self.wanted = wanted
        return self

    def __reduce__(self) -> tuple:
        return type(self), (int(self), self.seed, self.wanted)

    def __repr__(self) -> str:
        return f'{type(self).__name__}({int(self)}, seed={self.seed})'


def hash_seed(*key) -> int:
    """Hash numbers and strings to a seed.

    Equal on every machine, process and Python version, unlike ``hash``.

    Args:
        *key (int or str): What the seed is a function of.

    Returns:
        int: A seed in [0, 2**32).
    """
    text = '\0'.join(map(str, key)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest(), 'big')


@contextmanager
def seeded(seed: Optional[int]) -> Iterator[None]:
    """Seed ``random``, ``numpy.random`` and ``torch`` (CPU) for a block.

    The former states come back afterwards: with ``num_workers=0`` the
    pipeline shares its process with the model, whose dropout must not be
    seeded by the images.

    Args:
        seed (int, optional): Seed in [0, 2**32). None does nothing.
    """
    if seed is None:
        yield
        return
    python_state = random.getstate()
    numpy_state = np.random.get_state()
    torch_state = torch.get_rng_state()
    random.seed(seed)
    np.random.seed(seed)
    # ``torch.manual_seed`` would seed the accelerators too, which a worker
    # process must not touch.
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)
        torch.set_rng_state(torch_state)
