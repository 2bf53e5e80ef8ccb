from typing import Optional, Sequence, Tuple

import numpy as np


class Stream:
    """Random numbers that are the same on every machine.

    Only the raw 64-bit words of PCG64 and the hashing of ``SeedSequence`` are
    used, the two parts of :mod:`numpy.random` whose output is fixed for good;
    the distributions of ``numpy.random.Generator`` may change between
    releases. All that follows is exact arithmetic on these words.

    Args:
        key (int): Non-negative integers that name the stream. Streams with
            different keys are independent.
    """

    def __init__(self, *key: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(key))

    def unit(self, shape: Optional[Tuple[int, ...]] = None):
        """Uniform numbers in [0, 1) with 53 random bits.

        Args:
            shape (tuple[int], optional): Shape of the array; None for one
                Python float. Defaults to None.

        Returns:
            float | np.ndarray: float64.
        """
        if shape is None:
            return (self._bits.random_raw() >> 11) / 9007199254740992.0
        words = self._bits.random_raw(int(np.prod(shape)))
        return (words >> np.uint64(11)).reshape(shape) / 9007199254740992.0

    def uniform(self, low: float, high: float) -> float:
        """One number in [low, high)."""
        return low + self.unit() * (high - low)

    def integer(self, low: int, high: int) -> int:
        """One integer in [low, high)."""
        return low + int(self.unit() * (high - low))

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self.unit() < probability

    def sign(self) -> int:
        """-1 or 1."""
        return 1 if self.chance(0.5) else -1

    def choice(self, options: Sequence):
        """One of the options."""
        return options[self.integer(0, len(options))]

    def permutation(self, length: int) -> np.ndarray:
        """The integers below ``length`` in random order (Fisher-Yates)."""
        order = list(range(length))
        for i in range(length - 1, 0, -1):
            j = self.integer(0, i + 1)
            order[i], order[j] = order[j], order[i]
        return np.array(order, dtype=np.int64)

    def colour(self, palette: Sequence[Sequence[int]],
               jitter: float) -> np.ndarray:
        """A colour near one of the palette's.

        Args:
            palette (Sequence[Sequence[int]]): RGB colours, 0 to 255.
            jitter (float): Largest change of the brightness, in 0 to 255;
                a third of it is added to every channel on its own.

        Returns:
            np.ndarray: float64 RGB in 0 to 1, shape (3, ).
        """
        base = np.array(self.choice(palette), dtype=np.float64)
        base = base + self.uniform(-jitter, jitter)
        base = base + (self.unit((3, )) - 0.5) * (jitter * 2 / 3)
        return np.clip(base, 4.0, 251.0) / 255.0

    def noise_sum(self, shape: Tuple[int, ...]) -> np.ndarray:
        """Noise of about unit variance: the centred sum of eight bytes.

        Args:
            shape (tuple[int]): Shape of the array.

        Returns:
            np.ndarray: float64; near normal, bounded by 4.9.
        """
        words = self._bits.random_raw(int(np.prod(shape)))
        octets = words.astype('<u8').view(np.uint8).reshape(-1, 8)
        # Integer sum: exact whatever the order. The variance of a byte is
        # (256^2 - 1) / 12, of eight 43690.
        total = octets.astype(np.int64).sum(axis=1) - 1020
        return total.reshape(shape) / 209.0
