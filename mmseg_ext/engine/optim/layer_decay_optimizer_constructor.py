from typing import Iterator, List, Tuple

from mmseg.engine.optimizers import (LayerDecayOptimizerConstructor,
                                     LearningRateDecayOptimizerConstructor)
from mmseg.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn

_PREFIX = 'segmentor.'


class _PlainNames:
    """An algorithm whose segmentor's parameters have the plain names.

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


class _ReadsAlgorithms:
    """Makes a stock constructor find the layers within an algorithm.

    Stock goes by names such as ``backbone.layers``, which begin with
    ``segmentor.`` there, and would give all of them one rate. What is not of
    the segmentor has the rate of a decode head.
    """

    def add_params(self, params: List[dict], module: nn.Module,
                   **kwargs) -> None:
        """Add the parameters of a model, an algorithm or not."""
        if hasattr(module, 'segmentor'):
            module = _PlainNames(module)
        super().add_params(params, module, **kwargs)


@OPTIM_WRAPPER_CONSTRUCTORS.register_module(
    name='LearningRateDecayOptimizerConstructor', force=True)
class AlgorithmLearningRateDecayConstructor(
        _ReadsAlgorithms, LearningRateDecayOptimizerConstructor):
    """Stock layer-wise decay of rates, within an algorithm as without.

    It takes the place of the stock one, so that a config that names that one
    trains an algorithm with the rates of the plain segmentor.

    Args:
        optim_wrapper_cfg (dict): As of the stock one.
        paramwise_cfg (dict): ``num_layers``, ``decay_rate`` and
            ``decay_type``.
    """


@OPTIM_WRAPPER_CONSTRUCTORS.register_module(
    name='LayerDecayOptimizerConstructor', force=True)
class AlgorithmLayerDecayConstructor(_ReadsAlgorithms,
                                     LayerDecayOptimizerConstructor):
    """The same for the older constructor of BEiT.

    Args:
        optim_wrapper_cfg (dict): As of the stock one.
        paramwise_cfg (dict): ``num_layers`` and ``layer_decay_rate``.
    """
