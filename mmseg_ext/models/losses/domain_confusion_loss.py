from mmseg.registry import MODELS
from torch import Tensor

from ..utils.logits import without_autocast
from .adversarial_loss import (VanillaAdversarialLoss, at_least_float32,
                               mean_valid)


@MODELS.register_module()
class DomainConfusionLoss(VanillaAdversarialLoss):
    """The segmentor makes the discriminator undecided, on both domains.

    The discriminator learns by binary cross entropy. The segmentor minimises
    the cross entropy of its answer with the uniform label, with scores
    :math:`z` of either domain:

    .. math::
        L_{conf} = \\frac{1}{2} \\sum_{d \\in \\{S, T\\}} \\mathrm{mean}_d
        \\frac{1}{2} [\\log(1 + e^{z}) + \\log(1 + e^{-z})]

    It is least, :math:`\\ln 2`, at :math:`z = 0`; its gradient at a unit is
    proportional to :math:`\\sigma(z) - 1/2`. Neither a label swap nor a
    gradient reversal does the same.

    Of `FCNs in the Wild: Pixel-level Adversarial and Constraint-based
    Adaptation <https://arxiv.org/abs/1612.02649>`_, section 3.1, where
    :math:`L_{conf} = \\frac{1}{2} (L_D + L_{D_{inv}})`, with means for the
    paper's sums.
    """

    confuses_source = True

    def segmentor_loss(self, source: Tensor, target: Tensor,
                       source_valid: Tensor, target_valid: Tensor) -> Tensor:
        """Mean confusion of the source's and of the target's units.

        Arguments as of :meth:`discriminator_loss`.

        Returns:
            Tensor: A scalar.
        """
        with without_autocast(source):
            source, target = at_least_float32(source, target)
            return 0.5 * (
                mean_valid(self._confusion(source), source_valid) +
                mean_valid(self._confusion(target), target_valid))

    def _confusion(self, scores: Tensor) -> Tensor:
        return 0.5 * (self.cost(scores, True) + self.cost(scores, False))
