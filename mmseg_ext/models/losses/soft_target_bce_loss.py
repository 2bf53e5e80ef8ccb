from typing import Optional

import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..utils.logits import full_precision, without_autocast


@MODELS.register_module()
class SoftTargetBCELoss(nn.Module):
    """Binary cross entropy of each channel with a target in [0, 1].

    .. math::
        L = -\\frac{1}{|I|} \\sum_i \\sum_c q_i^c \\log \\sigma(z_i^c) +
        (1 - q_i^c) \\log (1 - \\sigma(z_i^c))

    over the pixels I that count, in float32 also under autocast. Used by
    `Foundation Model Drives Weakly Incremental Learning for Semantic
    Segmentation <https://arxiv.org/abs/2302.14250>`_.

    Args:
        class_reduction (str): ``'sum'`` over the channels or their
            ``'mean'``. Defaults to 'sum'.
        loss_weight (float): Weight of the loss. Defaults to 1.0.
        loss_name (str): Name in the log. Defaults to 'loss_bce'.

    Raises:
        ValueError: If ``class_reduction`` is none of the two.
    """

    def __init__(self,
                 class_reduction: str = 'sum',
                 loss_weight: float = 1.0,
                 loss_name: str = 'loss_bce') -> None:
        super().__init__()
        if class_reduction not in ('sum', 'mean'):
            raise ValueError("SoftTargetBCELoss.class_reduction must be 'sum' "
                             f"or 'mean' but is {class_reduction!r}.")
        self.class_reduction = class_reduction
        self.loss_weight = loss_weight
        self._loss_name = loss_name

    def forward(self,
                logits: Tensor,
                target: Tensor,
                weight: Optional[Tensor] = None) -> Tensor:
        """Compute the loss.

        Args:
            logits (Tensor): Shape (N, C, h, w).
            target (Tensor): Shape (N, C, h, w), in [0, 1]. Detached here.
            weight (Tensor, optional): Weight of each pixel, (N, 1, h, w).
                Defaults to None, 1 each.

        Returns:
            Tensor: A scalar, 0 where no pixel counts.
        """
        with without_autocast(logits):
            logits = full_precision(logits)
            cost = F.binary_cross_entropy_with_logits(
                logits, target.detach().to(logits.dtype), reduction='none')
            if self.class_reduction == 'sum':
                cost = cost.sum(1, keepdim=True)
            else:
                cost = cost.mean(1, keepdim=True)
            if weight is None:
                return self.loss_weight * cost.mean()
            weight = weight.to(cost.dtype)
            total = (cost * weight).sum() / weight.sum().clamp(min=1)
            return self.loss_weight * total

    @property
    def loss_name(self) -> str:
        """str: name in the log."""
        return self._loss_name
