import math
from typing import Dict

import torch
from mmseg.registry import MODELS
from mmseg.utils import ConfigType
from torch import Tensor

from .base import PseudoLabels, mean_where
from .filter_network import FilterNetwork


@MODELS.register_module()
class ErrorLocalizationNetwork(FilterNetwork):
    """ELN: tells for each pixel whether its predicted class is right.

    It needs no notion of the classes themselves, which is easier than to
    predict them again, and replaces a confidence threshold. Of
    `Semi-supervised Semantic Segmentation with Error Localization Network
    <https://arxiv.org/abs/2204.02078>`_.

    Args:
        num_classes (int): Number of channels of the logits.
        void (str): ``'error'`` teaches that any prediction on a void pixel
            of the ground truth is wrong, ``'exclude'`` leaves such pixels
            out. Padding is always left out. Defaults to 'error'.
        threshold (float): A pixel is kept where it is right with a greater
            probability than this, in (0, 1). Defaults to 0.5.
        loss (dict): Config of the loss. Defaults to
            ``dict(type='ErrorLocalizationLoss')``.
        **kwargs: As of :class:`FilterNetwork`.

    Raises:
        ValueError: If ``void`` is neither of the two or ``threshold`` is
            outside (0, 1).
    """

    def __init__(self,
                 num_classes: int,
                 void: str = 'error',
                 threshold: float = 0.5,
                 loss: ConfigType = dict(type='ErrorLocalizationLoss'),
                 **kwargs) -> None:
        super().__init__(num_classes, out_channels=1, **kwargs)
        self._check_option('void', void, ('error', 'exclude'))
        self.void = void
        if not 0 < threshold < 1:
            raise ValueError('ErrorLocalizationNetwork.threshold must be in '
                             f'(0, 1) but is {threshold}.')
        self.threshold = threshold
        self.loss_module = MODELS.build(loss)

    @torch.no_grad()
    def select(self, images: Tensor, logits: Tensor) -> PseudoLabels:
        """See :meth:`BasePseudoFilter.select`."""
        judged = self.resize(self.forward(images, logits).float(), logits)
        judged = judged.squeeze(1)
        return PseudoLabels(
            self.decide(logits), self._keep(judged), judged.sigmoid())

    def _keep(self, judged: Tensor) -> Tensor:
        # Compared as a logit, so that 0 is exactly the default's border.
        return judged > math.log(self.threshold / (1 - self.threshold))

    def loss(self,
             images: Tensor,
             logits: Tensor,
             seg_label: Tensor,
             valid_mask: Tensor,
             ignore_index: int = 255) -> Dict[str, Tensor]:
        """See :meth:`BasePseudoFilter.loss`.

        Returns:
            dict[str, Tensor]: The loss; ``input_accuracy``, the share of
            right pixels of the prediction; ``error_recall`` and
            ``valid_recall``, the shares of wrong and of right pixels that
            the network recognises.
        """
        logits = self.at_image_size(images, logits)
        judged = self.resize(self.judge(images, logits).float(), seg_label)
        if self.void == 'exclude':
            valid_mask = valid_mask & (seg_label != ignore_index)
        correct = (self.decide(logits) == seg_label) & (
            seg_label != ignore_index)
        loss = self.loss_module(judged, correct, valid_mask)
        with torch.no_grad():
            kept = self._keep(judged.squeeze(1))
            return {
                self.loss_module.loss_name: loss,
                'input_accuracy': mean_where(correct, valid_mask),
                'error_recall': mean_where(~kept, valid_mask & ~correct),
                'valid_recall': mean_where(kept, valid_mask & correct)
            }
