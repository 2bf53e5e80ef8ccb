from typing import Optional

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..utils.logits import without_autocast


@MODELS.register_module()
class OHEMCrossEntropyLoss(nn.Module):
    """Cross entropy over the hard pixels of a batch, and their mean.

    Online hard example mining: hard are the pixels whose true class has a
    probability of at most ``thresh``, or the ``min_kept`` hardest of the
    batch where these are more. The form of semi-supervised protocols on
    Cityscapes (`UniMatch <https://arxiv.org/abs/2208.09910>`_). The stock
    pair of ``OHEMPixelSampler`` and ``CrossEntropyLoss`` divides by all
    labelled pixels, so its loss shrinks with the share of hard ones.

    Computed in float32, also under autocast, without waiting for the device.
    In distributed training each rank mines the pixels of its own batch.
    Without a labelled pixel it is a zero that is connected to the graph.

    Args:
        thresh (float): Probability in [0, 1]. Defaults to 0.7.
        min_kept (int): Number of pixels in a batch. Defaults to 100000.
        loss_weight (float): Weight of the loss. Defaults to 1.0.
        loss_name (str): Name in the log. Defaults to 'loss_ohem'.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 thresh: float = 0.7,
                 min_kept: int = 100000,
                 loss_weight: float = 1.0,
                 loss_name: str = 'loss_ohem') -> None:
        super().__init__()
        if not 0 <= thresh <= 1:
            raise ValueError('OHEMCrossEntropyLoss.thresh must be a '
                             f'probability but is {thresh}.')
        if min_kept < 1:
            raise ValueError('OHEMCrossEntropyLoss.min_kept must be an '
                             f'integer >= 1 but is {min_kept}.')
        self.thresh = thresh
        self.min_kept = min_kept
        self.loss_weight = loss_weight
        self._loss_name = loss_name

    def forward(self,
                logits: Tensor,
                labels: Tensor,
                weight: Optional[Tensor] = None,
                ignore_index: int = 255,
                **kwargs) -> Tensor:
        """Compute the loss.

        Args:
            logits (Tensor): Shape (N, C, H, W), C >= 2.
            labels (Tensor): Class indices of shape (N, H, W).
            weight (Tensor, optional): Of each pixel, (N, H, W). Defaults to
                None.
            ignore_index (int): Label that does not count. Defaults to 255.

        Returns:
            Tensor: A scalar.
        """
        with without_autocast(logits):
            loss = F.cross_entropy(
                logits.float(),
                labels,
                ignore_index=ignore_index,
                reduction='none')
            counted = labels != ignore_index
            with torch.no_grad():
                # above any probability: behind all that count
                prob = loss.neg().exp().masked_fill(~counted, 2)
                index = min(self.min_kept, prob.numel()) - 1
                threshold = prob.flatten().sort().values[index]
                hard = counted & (prob <= threshold.clamp(min=self.thresh))
            if weight is not None:
                loss = loss * weight
            return self.loss_weight * loss.masked_fill(
                ~hard, 0).sum() / hard.sum().clamp(min=1)

    @property
    def loss_name(self) -> str:
        """str: name in the log."""
        return self._loss_name
