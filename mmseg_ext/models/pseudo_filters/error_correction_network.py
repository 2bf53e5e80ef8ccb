from typing import Dict, Tuple

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from ..utils.logits import largest_channel, without_autocast
from .base import PseudoLabels, mean_where
from .filter_network import FilterNetwork


@MODELS.register_module()
class ErrorCorrectionNetwork(FilterNetwork):
    """s-ECN: predicts the class of each pixel again, from the prediction.

    The baseline of `Semi-supervised Semantic Segmentation with Error
    Localization Network <https://arxiv.org/abs/2204.02078>`_: the network of
    :class:`ErrorLocalizationNetwork` with one output a class, taught by
    cross entropy. Its labels replace those of the prediction, and every
    pixel is kept.

    Args:
        num_classes (int): Number of channels of the logits.
        loss_weight (float): Weight of the loss. Defaults to 1.0.
        **kwargs: As of :class:`FilterNetwork`.
    """

    def __init__(self,
                 num_classes: int,
                 loss_weight: float = 1.0,
                 **kwargs) -> None:
        super().__init__(num_classes, out_channels=num_classes, **kwargs)
        self.loss_weight = loss_weight

    @torch.no_grad()
    def select(self, images: Tensor, logits: Tensor) -> PseudoLabels:
        """See :meth:`BasePseudoFilter.select`."""
        score, labels = self._probabilities(images, logits).max(dim=1)
        return PseudoLabels(labels, torch.ones_like(labels).bool(), score)

    @torch.no_grad()
    def localize(self, images: Tensor,
                 logits: Tensor) -> Tuple[Tensor, Tensor]:
        """A predicted class is judged right where the network repeats it.

        See :meth:`BasePseudoFilter.localize`.
        """
        predicted = self.decide(logits, keepdim=True)
        prob = self._probabilities(images, logits)
        right = largest_channel(prob) == predicted.squeeze(1)
        return right, prob.gather(1, predicted).squeeze(1)

    def _probabilities(self, images: Tensor, logits: Tensor) -> Tensor:
        corrected = self.forward(images, logits).float()
        return self.resize(corrected, logits).softmax(dim=1)

    def loss(self,
             images: Tensor,
             logits: Tensor,
             seg_label: Tensor,
             valid_mask: Tensor,
             ignore_index: int = 255) -> Dict[str, Tensor]:
        """See :meth:`BasePseudoFilter.loss`.

        Returns:
            dict[str, Tensor]: The loss; ``input_accuracy`` and
            ``output_accuracy``, the shares of right pixels before and after
            the correction.
        """
        logits = self.at_image_size(images, logits)
        corrected = self.resize(self.judge(images, logits).float(), seg_label)
        valid_mask = valid_mask & (seg_label != ignore_index)
        with without_autocast(corrected):
            loss = F.cross_entropy(
                corrected,
                seg_label.masked_fill(~valid_mask, ignore_index),
                ignore_index=ignore_index,
                reduction='none')
        with torch.no_grad():
            before = self.decide(logits) == seg_label
            after = largest_channel(corrected) == seg_label
        return dict(
            loss_ecn=self.loss_weight * mean_where(loss, valid_mask),
            input_accuracy=mean_where(before, valid_mask),
            output_accuracy=mean_where(after, valid_mask))
