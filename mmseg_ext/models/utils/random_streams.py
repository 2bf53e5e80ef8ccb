from contextlib import contextmanager
from typing import Iterator

import torch

_OTHER_STREAM = 0x5eed


@contextmanager
def random_numbers_apart() -> Iterator[None]:
    """Draw from another stream, and go on with the former one behind it.

    Of torch's CPU generator, by which weights are drawn: what is built in the
    scope changes no weight of what is built outside. The other stream is a
    function of the seed.
    """
    generator = torch.default_generator
    state, seed = generator.get_state(), generator.initial_seed()
    try:
        generator.manual_seed(seed ^ _OTHER_STREAM)
        yield
    finally:
        generator.set_state(state)
