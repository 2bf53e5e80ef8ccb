"""What of a segmentor's maps a discriminator gets to see.

A new representation is a class ``<Name>Representation`` registered in
``MODELS``; configs name it ``align='<name>'`` in snake case, or by its config.
"""
import math
from abc import ABCMeta, abstractmethod
from typing import Union

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from mmseg.utils import ConfigType
from torch import Tensor, nn

from ..utils.logits import without_autocast

_SUFFIX = 'Representation'


class BaseRepresentation(nn.Module, metaclass=ABCMeta):
    """Base of representations."""

    of_logits: bool = True
    """Whether it reads logits; else it takes any map."""

    @abstractmethod
    def forward(self, maps: Tensor) -> Tensor:
        """Represent a map.

        Args:
            maps (Tensor): Logits or features of shape (N, C, H, W); logits
                have two channels at least.

        Returns:
            Tensor: Of the same shape.
        """


@MODELS.register_module()
class FeatureRepresentation(BaseRepresentation):
    """The map as it is."""

    of_logits = False

    def forward(self, maps: Tensor) -> Tensor:
        """See :meth:`BaseRepresentation.forward`."""
        return maps


@MODELS.register_module()
class ProbabilityRepresentation(BaseRepresentation):
    """Softmax over the classes, in float32 also under autocast.

    Of `Learning to Adapt Structured Output Space for Semantic Segmentation
    <https://arxiv.org/abs/1802.10349>`_, section 3.
    """

    def forward(self, maps: Tensor) -> Tensor:
        """See :meth:`BaseRepresentation.forward`."""
        with without_autocast(maps):
            return _at_least_float32(maps).softmax(dim=1)


@MODELS.register_module()
class SelfInformationRepresentation(BaseRepresentation):
    """Weighted self-information, in float32 also under autocast.

    .. math:: I_c = -\\frac{p_c \\log p_c}{\\log C}

    The channels of a pixel sum up to its normalised entropy. A channel is at
    most :math:`1 / (e \\ln C)`.

    Of `ADVENT: Adversarial Entropy Minimization for Domain Adaptation in
    Semantic Segmentation <https://arxiv.org/abs/1811.12833>`_, section 3.2.

    Args:
        input_scale (float): Factor on the result. Defaults to 1.0.
    """

    def __init__(self, input_scale: float = 1.0) -> None:
        super().__init__()
        self.input_scale = input_scale

    def forward(self, maps: Tensor) -> Tensor:
        """See :meth:`BaseRepresentation.forward`."""
        with without_autocast(maps):
            log_prob = F.log_softmax(_at_least_float32(maps), dim=1)
            return _SelfInformation.apply(
                log_prob, self.input_scale / math.log(maps.shape[1]))


def build_representation(align: Union[str, ConfigType]) -> BaseRepresentation:
    """Build what ``align`` names.

    Args:
        align (str or dict): A name such as ``'self_information'`` or the
            config of a representation.

    Returns:
        BaseRepresentation: The representation.

    Raises:
        ValueError: If there is none of this name.
    """
    if isinstance(align, dict):
        return MODELS.build(align)
    kind = ''.join(word.capitalize() for word in str(align).split('_'))
    if not isinstance(MODELS.get(kind + _SUFFIX), type):
        raise ValueError(
            'model.adversaries.align must be one of '
            f'{_known_representations()} or the config of a representation '
            f'but is {align!r}.')
    return MODELS.build(dict(type=kind + _SUFFIX))


def _known_representations() -> list:
    names = [
        name[:-len(_SUFFIX)] for name in MODELS.module_dict
        if name.endswith(_SUFFIX)
    ]
    return sorted(''.join('_' + char.lower() if char.isupper() else char
                          for char in name).lstrip('_') for name in names)


class _SelfInformation(torch.autograd.Function):
    """``-scale * exp(x) * x``, which keeps one map for the backward pass."""

    @staticmethod
    def forward(ctx, log_prob: Tensor, scale: float) -> Tensor:
        ctx.save_for_backward(log_prob)
        ctx.scale = scale
        return log_prob.exp().mul_(log_prob).mul_(-scale)

    @staticmethod
    def backward(ctx, grad: Tensor):
        log_prob, = ctx.saved_tensors
        slope = log_prob.exp().mul_(log_prob + 1).mul_(-ctx.scale)
        return slope.mul_(grad), None


def _at_least_float32(maps: Tensor) -> Tensor:
    return maps.to(torch.promote_types(maps.dtype, torch.float32))
