from typing import Optional

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..utils.logits import two_channel_logits, without_autocast


@MODELS.register_module()
class ImageWeightedCrossEntropyLoss(nn.Module):
    """Cross entropy whose class weights follow each image.

    A class that covers a share h of the labelled pixels of an image weighs
    :math:`1 + B (1 - h)` there. The weighted mean of each image is averaged
    over the images; an image without labels counts as 0. The segmentation
    loss of the authors' code of `Gated-SCNN
    <https://arxiv.org/abs/1907.05740>`_.

    Args:
        upper_bound (float): The factor B. Defaults to 1.0.
        loss_weight (float): Weight of the loss. Defaults to 1.0.
        loss_name (str): Name in the log. Defaults to 'loss_ce'.
    """

    def __init__(self,
                 upper_bound: float = 1.0,
                 loss_weight: float = 1.0,
                 loss_name: str = 'loss_ce') -> None:
        super().__init__()
        self.upper_bound = upper_bound
        self.loss_weight = loss_weight
        self._loss_name = loss_name

    def forward(self,
                cls_score: Tensor,
                label: Tensor,
                weight: Optional[Tensor] = None,
                ignore_index: int = 255,
                **kwargs) -> Tensor:
        """Compute the loss.

        Args:
            cls_score (Tensor): Logits, (N, K, H, W), or (N, 1, H, W) of a
                binary head.
            label (Tensor): Labels, int64 (N, H, W).
            weight (Tensor, optional): Factors of the pixels, (N, H, W).
                Defaults to None.
            ignore_index (int): Label of void. Defaults to 255.

        Returns:
            Tensor: The loss, a float32 scalar.
        """
        with without_autocast(cls_score):
            logits = two_channel_logits(cls_score.float())
            valid = label != ignore_index
            label = label.masked_fill(~valid, 0)
            flat, counted = label.flatten(1), valid.flatten(1).float()
            counts = logits.new_zeros(logits.shape[:2])
            counts = counts.scatter_add(1, flat, counted)
            share = counts / counts.sum(1, keepdim=True).clamp(min=1)
            factors = 1 + self.upper_bound * (1 - share) * (share > 0)
            pixels = factors.gather(1, flat) * counted
            if weight is not None:
                pixels = pixels * weight.flatten(1)
            nll = F.cross_entropy(logits, label, reduction='none').flatten(1)
            tiny = torch.finfo(torch.float32).tiny
            loss = (nll * pixels).sum(1) / pixels.sum(1).clamp(min=tiny)
            return self.loss_weight * loss.mean()

    @property
    def loss_name(self) -> str:
        """str: Name in the log."""
        return self._loss_name
