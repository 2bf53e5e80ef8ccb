from typing import Optional

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ..utils.logits import without_autocast


@MODELS.register_module()
class BackgroundWeightedCrossEntropyLoss(nn.Module):
    """Cross entropy in which the background weighs less than the classes.

    .. math::
        L = \\frac{\\sum_p w_{t_p} \\mathrm{CE}(z_p, t_p)}
                 {\\sum_p w_{t_p} + 10^{-8}}

    over the pixels that are not ignored, with w = 1 for classes. The loss of
    `PSSL <https://arxiv.org/abs/2207.03335>`_, whose settings are those of
    its public configs. Unlike the stock ``CrossEntropyLoss`` with
    ``class_weight`` it takes any ``ignore_index``, and a batch whose pixels
    are all ignored costs 0.

    Args:
        background_index (int, optional): Index of the background. Defaults
            to None, the last class.
        background_weight (float): Its weight w. Defaults to 0.1.
        chunk_size (int, optional): Rows of the map that are taken at a time
            and computed anew in the backward pass, for as many classes as
            ImageNet has. Defaults to None, all.
        loss_weight (float): Weight of the loss. Defaults to 1.0.
        loss_name (str): Name in the log. Defaults to 'loss_ce'.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 background_index: Optional[int] = None,
                 background_weight: float = 0.1,
                 chunk_size: Optional[int] = None,
                 loss_weight: float = 1.0,
                 loss_name: str = 'loss_ce') -> None:
        super().__init__()
        if not background_weight >= 0:
            raise ValueError('loss_decode.background_weight must be >= 0, but '
                             f'is {background_weight!r}.')
        if chunk_size is not None and chunk_size < 1:
            raise ValueError('loss_decode.chunk_size must be >= 1 or None, '
                             f'but is {chunk_size!r}.')
        self.background_index = background_index
        self.background_weight = background_weight
        self.chunk_size = chunk_size
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
            cls_score (Tensor): Logits, (N, K, H, W).
            label (Tensor): Labels, int64 (N, H, W).
            weight (Tensor, optional): Factors of the pixels, (N, H, W).
                Defaults to None.
            ignore_index (int): Label of void. Defaults to 255.

        Returns:
            Tensor: The loss, a float32 scalar.

        Raises:
            ValueError: If there is no class ``background_index``.
        """
        background = self.background_index
        if background is None:
            background = cls_score.shape[1] - 1
        if not 0 <= background < cls_score.shape[1]:
            raise ValueError(
                f'loss_decode.background_index is {background}, but the head '
                f'has {cls_score.shape[1]} classes.')
        with without_autocast(cls_score):
            valid = label != ignore_index
            pixels = torch.where(label == background, self.background_weight,
                                 1.0) * valid
            if weight is not None:
                pixels = pixels * weight
            # a class that exists, for the target of an ignored pixel
            label = label.masked_fill(~valid, background)
            if self.chunk_size is None:
                total = _weighted_sum(cls_score, label, pixels)
            else:
                parts = zip(*(x.split(self.chunk_size, -2)
                              for x in (cls_score, label, pixels)))
                total = sum(
                    checkpoint(_weighted_sum, *part, use_reentrant=False)
                    for part in parts)
            return self.loss_weight * total / (pixels.sum() + 1e-8)

    @property
    def loss_name(self) -> str:
        """str: Name in the log."""
        return self._loss_name


def _weighted_sum(logits: Tensor, label: Tensor, pixels: Tensor) -> Tensor:
    nll = F.cross_entropy(logits.float(), label, reduction='none')
    return (nll * pixels).sum()
