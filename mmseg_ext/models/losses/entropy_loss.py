import math
from typing import Optional, Union

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from mmseg.utils import ConfigType
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from .target_loss import BaseTargetLoss


@MODELS.register_module()
class EntropyLoss(BaseTargetLoss):
    """Mean normalised entropy of the prediction (MinEnt).

    With :math:`P` the softmax over C classes and n pixels that count:

    .. math::
        L_{ent} = \\frac{1}{n} \\sum_{v} E_v, \\quad
        E_v = -\\frac{1}{\\ln C} \\sum_c P_c \\ln P_c \\in [0, 1]

    Of `ADVENT: Adversarial Entropy Minimization for Domain Adaptation in
    Semantic Segmentation <https://arxiv.org/abs/1811.12833>`_, section 3.1,
    with the mean of the authors' code for the paper's sum. Too large a weight
    makes the large classes swallow the others, while the entropy goes on
    falling: watch the shares of the predicted classes.

    ``top_ratio`` below 1 is the paper's training on entropy ranges: in each
    image only the pixels of the highest entropy count, exactly
    ``round(top_ratio * pixels)`` of them and at least one. No gradient goes
    through the choice.

    Args:
        level (str): See :class:`BaseTargetLoss`. Defaults to 'decode_head'.
        loss_weight (float or dict): Weight of the loss or a schedule.
            Defaults to 1e-3.
        top_ratio (float): Share of the pixels of an image that count, in
            (0, 1]. The paper has 0.3 on GTA5. Defaults to 1.0.
        resize_to (str, optional): See :class:`BaseTargetLoss`. Defaults to
            'input'.
        loss_name (str): Name in the log. Defaults to 'loss_entropy'.

    Raises:
        ValueError: If ``top_ratio`` is outside (0, 1].
    """

    def __init__(self,
                 level: str = 'decode_head',
                 loss_weight: Union[float, ConfigType] = 1e-3,
                 top_ratio: float = 1.0,
                 resize_to: Optional[str] = 'input',
                 loss_name: str = 'loss_entropy') -> None:
        super().__init__(level, loss_weight, resize_to, loss_name)
        if not 0 < top_ratio <= 1:
            raise ValueError('EntropyLoss.top_ratio must be in (0, 1] but is '
                             f'{top_ratio}.')
        self.top_ratio = top_ratio

    def compute(self, logits: Tensor, valid: Tensor) -> Tensor:
        """See :meth:`BaseTargetLoss.compute`."""
        entropy = normalized_entropy(logits)
        if self.top_ratio == 1:
            return entropy.masked_fill(~valid,
                                       0).sum() / valid.sum().clamp(min=1)
        return self._mean_of_top(entropy.flatten(1), valid.flatten(1))

    def _mean_of_top(self, entropy: Tensor, valid: Tensor) -> Tensor:
        # How many count is known on the device alone: more are sorted than
        # count, and the rest is masked.
        most = max(round(self.top_ratio * entropy.shape[1]), 1)
        ranked = entropy.masked_fill(~valid, -1).topk(most, dim=1)[0]
        pixels = valid.sum(1)
        count = (self.top_ratio * pixels.double()).round().long()
        count = count.clamp(min=1).minimum(pixels)
        chosen = torch.arange(most, device=count.device) < count[:, None]
        return ranked.masked_fill(~chosen, 0).sum() / count.sum().clamp(min=1)


def normalized_entropy(logits: Tensor) -> Tensor:
    """Entropy of the softmax over the channels, as a share of its maximum.

    Args:
        logits (Tensor): Shape (N, C, H, W), C >= 2, float32 or float64.

    Returns:
        Tensor: In [0, 1], of shape (N, H, W).
    """
    return _Entropy.apply(logits) / math.log(logits.shape[1])


class _Entropy(Function):
    """Entropy in nats. One map of the logits' size is kept, not three."""

    @staticmethod
    def forward(ctx, logits: Tensor) -> Tensor:
        log_prob = F.log_softmax(logits, dim=1)
        entropy = -(log_prob.exp() * log_prob).sum(1)
        ctx.save_for_backward(log_prob, entropy)
        return entropy

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> Tensor:
        log_prob, entropy = ctx.saved_tensors
        slope = log_prob.exp().mul_(log_prob + entropy[:, None])
        return slope.mul_(-grad[:, None])
