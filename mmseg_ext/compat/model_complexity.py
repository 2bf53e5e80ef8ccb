"""Let mmseg's ``get_flops.py`` run on a current mmengine.

The tool of mmseg 1.2.2 hands ``get_model_complexity_info`` a batch and its
shape, which mmengine 0.10 refuses. Needed while that one tool runs, and
hence not part of what importing the package does.
"""
from contextlib import contextmanager
from functools import wraps
from typing import Iterator

from mmengine import analysis

__all__ = ['batch_beside_shape']


@contextmanager
def batch_beside_shape() -> Iterator[None]:
    """Let ``mmengine.analysis.get_model_complexity_info`` take both.

    The batch counts: it was made from the shape.
    """
    original = analysis.get_model_complexity_info

    @wraps(original)
    def tolerant(model, input_shape=None, inputs=None, **kwargs):
        if inputs is not None:
            input_shape = None
        return original(model, input_shape, inputs, **kwargs)

    analysis.get_model_complexity_info = tolerant
    try:
        yield
    finally:
        analysis.get_model_complexity_info = original
