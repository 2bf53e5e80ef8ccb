"""Reading, setting and borrowing the random states of this process."""
import random
from contextlib import contextmanager
from typing import Iterator

import numpy as np
import torch


def seed_process(seed: int) -> None:
    """Seed python, numpy and torch on all devices; never waits for a device.

    Args:
        seed (int): Seed in [0, 2**32).
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def get_rng_state() -> dict:
    """Read the random states of this process.

    Returns:
        dict: ``python``, ``numpy``, ``torch`` and, where there is a device,
        ``cuda``; only types that a weights-only load accepts.
    """
    name, keys, pos, has_gauss, cached = np.random.get_state()
    state = dict(
        python=random.getstate(),
        numpy=(name, torch.from_numpy(keys.astype(np.int64)), int(pos),
               int(has_gauss), float(cached)),
        torch=torch.get_rng_state())
    if torch.cuda.is_available():
        state['cuda'] = torch.cuda.get_rng_state()
    return state


def set_rng_state(state: dict) -> None:
    """Restore what :func:`get_rng_state` has read.

    Args:
        state (dict): Random states; tensors may lie on any device.
    """
    version, internal, gauss = state['python']
    random.setstate((version, tuple(internal), gauss))
    name, keys, *rest = state['numpy']
    np.random.set_state((name, keys.cpu().numpy().astype(np.uint32), *rest))
    torch.set_rng_state(state['torch'].cpu())
    if 'cuda' in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state['cuda'].cpu())


@contextmanager
def forked_seed(seed: int) -> Iterator[None]:
    """Seed the process for a block of code and restore its state afterwards.

    Args:
        seed (int): Seed in [0, 2**32).
    """
    state = get_rng_state()
    seed_process(seed)
    try:
        yield
    finally:
        set_rng_state(state)
