"""Let mmseg's decay of rates by layers find them within an algorithm.

Its constructors go by names such as ``backbone.layers.3``, which begin with
``segmentor.`` there, and would give every layer one rate without a word.
Applied with our own constructors of optimisers.
"""
from functools import wraps
from typing import Iterator, List, Tuple

from torch import nn

__all__ = ['apply']

_PREFIX = 'segmentor.'


class _PlainNames:
    """An algorithm whose segmentor's parameters have the plain names.

    What is not of the segmentor keeps its names and so gets the rate of a
    decode head.

    Args:
        algorithm (nn.Module): The algorithm.
    """

    def __init__(self, algorithm: nn.Module) -> None:
        self.backbone = algorithm.segmentor.backbone
        self._algorithm = algorithm

    def named_parameters(self) -> Iterator[Tuple[str, nn.Parameter]]:
        """Yield names and parameters."""
        for name, parameter in self._algorithm.named_parameters():
            yield name.removeprefix(_PREFIX), parameter


def apply() -> None:
    """Show the constructors the names of the plain segmentor, once."""
    from mmseg.engine.optimizers import LearningRateDecayOptimizerConstructor

    # that of BEiT inherits it
    original = LearningRateDecayOptimizerConstructor.add_params
    if hasattr(original, '__wrapped__'):
        return

    @wraps(original)
    def add_params(self, params: List[dict], module: nn.Module, **kwargs):
        if hasattr(module, 'segmentor'):
            module = _PlainNames(module)
        return original(self, params, module, **kwargs)

    LearningRateDecayOptimizerConstructor.add_params = add_params
