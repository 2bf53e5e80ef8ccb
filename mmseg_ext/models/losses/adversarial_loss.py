"""Losses of the game between a segmentor and a domain discriminator.

Shape shorthand: scores (N, 1, h, w), one a unit of the discriminator's output,
high where it takes the unit to be of the target; valid (N, h, w) is True on
the units that count.
"""
from abc import ABCMeta, abstractmethod
from typing import Optional

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..utils.logits import without_autocast


class BaseAdversarialLoss(nn.Module, metaclass=ABCMeta):
    """Base of the losses of an adversarial game between two domains.

    A subclass gives :meth:`cost`; one whose segmentor plays another game than
    "the target passes for the source" gives :meth:`segmentor_loss` too.
    Everything is a mean over the units that count, in float32 also under
    autocast, and a zero that is connected to the graph without any.
    """

    confuses_source: bool = False
    """Whether the segmentor's loss reads the scores of the source too."""

    boundary: float = 0.
    """The score above which the discriminator says "target"."""

    @abstractmethod
    def cost(self, scores: Tensor, is_target: bool) -> Tensor:
        """Cost of calling each unit the target, or the source.

        Args:
            scores (Tensor): Scores, any shape.
            is_target (bool): What the label says.

        Returns:
            Tensor: The cost of each unit, of the same shape.
        """

    def probability(self, scores: Tensor) -> Tensor:
        """Scores as numbers in [0, 1] to look at, 1 for the target."""
        return scores.sigmoid()

    def discriminator_loss(self, source: Tensor, target: Tensor,
                           source_valid: Tensor,
                           target_valid: Tensor) -> Tensor:
        """Half the mean cost on the source and half that on the target.

        Args:
            source (Tensor): Scores of the source, (N, 1, h, w).
            target (Tensor): Scores of the target, (M, 1, h', w').
            source_valid (Tensor): Units that count, bool (N, h, w).
            target_valid (Tensor): Likewise, bool (M, h', w').

        Returns:
            Tensor: A scalar.
        """
        with without_autocast(source):
            source, target = at_least_float32(source, target)
            return 0.5 * (
                mean_valid(self.cost(source, False), source_valid) +
                mean_valid(self.cost(target, True), target_valid))

    def segmentor_loss(self, source: Optional[Tensor], target: Tensor,
                       source_valid: Optional[Tensor],
                       target_valid: Tensor) -> Tensor:
        """Mean cost of taking the target for the source.

        Args:
            source (Tensor, optional): Scores of the source, which are not
                read unless :attr:`confuses_source`.
            target (Tensor): Scores of the target, (M, 1, h', w').
            source_valid (Tensor, optional): Units that count, bool
                (N, h, w).
            target_valid (Tensor): Likewise, bool (M, h', w').

        Returns:
            Tensor: A scalar.
        """
        with without_autocast(target):
            target, = at_least_float32(target)
            return mean_valid(self.cost(target, False), target_valid)

    @torch.no_grad()
    def accuracy(self, source: Tensor, target: Tensor, source_valid: Tensor,
                 target_valid: Tensor) -> Tensor:
        """Share of right answers, the mean of those on either domain.

        Arguments as of :meth:`discriminator_loss`.

        Returns:
            Tensor: A scalar in [0, 1], 0.5 for guessing.
        """
        return 0.5 * (
            mean_valid(
                (source < self.boundary).float(), source_valid) + mean_valid(
                    (target >= self.boundary).float(), target_valid))


@MODELS.register_module()
class VanillaAdversarialLoss(BaseAdversarialLoss):
    """Binary cross entropy on logits, with the non-saturating segmentor loss.

    With scores :math:`s` of a source and :math:`t` of a target, the source
    labelled 0 and the target 1:

    .. math::
        L_D = \\frac{1}{2} \\mathrm{mean} \\log(1 + e^{s}) +
        \\frac{1}{2} \\mathrm{mean} \\log(1 + e^{-t}), \\quad
        L_{adv} = \\mathrm{mean} \\log(1 + e^{t})

    Of `Learning to Adapt Structured Output Space for Semantic Segmentation
    <https://arxiv.org/abs/1802.10349>`_, equations (1) and (4), with means
    for the paper's sums, as in the authors' code.
    """

    def cost(self, scores: Tensor, is_target: bool) -> Tensor:
        """See :meth:`BaseAdversarialLoss.cost`."""
        return F.softplus(-scores if is_target else scores)


@MODELS.register_module()
class LeastSquaresAdversarialLoss(BaseAdversarialLoss):
    """Squared distance of the raw scores from 0 (source) and 1 (target).

    .. math::
        L_D = \\frac{1}{2} \\mathrm{mean}\\, s^2 +
        \\frac{1}{2} \\mathrm{mean} (t - 1)^2, \\quad
        L_{adv} = \\mathrm{mean}\\, t^2

    The LS-GAN variant of the official code of `Learning to Adapt Structured
    Output Space for Semantic Segmentation
    <https://arxiv.org/abs/1802.10349>`_; of `Least Squares Generative
    Adversarial Networks <https://arxiv.org/abs/1611.04076>`_.
    """

    boundary = 0.5

    def cost(self, scores: Tensor, is_target: bool) -> Tensor:
        """See :meth:`BaseAdversarialLoss.cost`."""
        return (scores - float(is_target)).square()

    def probability(self, scores: Tensor) -> Tensor:
        """See :meth:`BaseAdversarialLoss.probability`."""
        return scores.clamp(0, 1)


def at_least_float32(*tensors: Tensor):
    return tuple(
        tensor.to(torch.promote_types(tensor.dtype, torch.float32))
        for tensor in tensors)


def mean_valid(values: Tensor, valid: Tensor) -> Tensor:
    """Mean over the units that count, a connected zero without any."""
    summed = values.masked_fill(~valid[:, None], 0).sum()
    return summed / (valid.sum() * values.shape[1]).clamp(min=1)
