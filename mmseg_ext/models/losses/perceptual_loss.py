from typing import Dict, Optional

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from mmseg.utils import ConfigType
from torch import Tensor, nn

from ..utils.frozen_segmentor import FrozenSegmentor
from ..utils.logits import full_precision, without_autocast

DISTANCES = ('mse', 'l1')


@MODELS.register_module()
class PerceptualLoss(nn.Module):
    """A segmentor should see in a translated image what it saw before.

    With the frozen segmentor :math:`M`, an image :math:`I`, its translation
    :math:`I'` and the translation back :math:`\\hat I`:

    .. math::
        L_{per} = \\lambda_{per} d(M(I), M(I')) +
        \\lambda_{per\\_recon} d(M(I), M(\\hat I))

    on logits at the grid of the head. Of `Bidirectional Learning for Domain
    Adaptation of Semantic Segmentation <https://arxiv.org/abs/1904.10620>`_,
    where :math:`d` is the L1 distance: ``distance='l1',
    instance_norm=False``. The authors' code takes the mean squared error of
    logits that are normalised per image and class, which is the default.

    Args:
        segmentor (dict): Config of any segmentor, or of an algorithm that
            wraps one.
        checkpoint (str, optional): Weights of it, without which no training
            starts. Defaults to None.
        loss_weight (float): :math:`\\lambda_{per}`. Defaults to 0.1.
        cycle_loss_weight (float): :math:`\\lambda_{per\\_recon}`. Defaults to
            10.0.
        distance (str): ``'mse'`` or ``'l1'``. Defaults to 'mse'.
        instance_norm (bool): Whether logits are normalised per image and
            class. Defaults to True.

    Raises:
        ValueError: If ``distance`` is unknown, the checkpoint does not fit,
            or a training starts without one.
    """

    def __init__(self,
                 segmentor: ConfigType,
                 checkpoint: Optional[str] = None,
                 loss_weight: float = 0.1,
                 cycle_loss_weight: float = 10.0,
                 distance: str = 'mse',
                 instance_norm: bool = True) -> None:
        super().__init__()
        if distance not in DISTANCES:
            raise ValueError('model.perceptual.distance must be one of '
                             f'{list(DISTANCES)} but is {distance!r}.')
        self.segmentor = FrozenSegmentor(segmentor, checkpoint,
                                         'model.perceptual')
        self.loss_weight = loss_weight
        self.cycle_loss_weight = cycle_loss_weight
        self.distance = distance
        self.instance_norm = instance_norm

    def init_weights(self) -> None:
        """Refuse to train with a segmentor that has learnt nothing."""
        self.segmentor.init_weights()

    def forward(self, images: Tensor, translated: Tensor,
                cycled: Tensor) -> Dict[str, Tensor]:
        """Compute the loss of one domain.

        Args:
            images (Tensor): BGR in 0..255, (N, 3, H, W).
            translated (Tensor): The same in the style of the other domain.
            cycled (Tensor): That translated back.

        Returns:
            dict[str, Tensor]: ``loss_perceptual`` and
            ``loss_perceptual_cycle``, weighted, in float32; one of weight 0
            is not computed.
        """
        weights = dict(
            loss_perceptual=self.loss_weight,
            loss_perceptual_cycle=self.cycle_loss_weight)
        made = dict(loss_perceptual=translated, loss_perceptual_cycle=cycled)
        made = {name: made[name] for name in made if weights[name]}
        if not made:
            return {}
        with torch.no_grad():
            truth = self.segmentor.logits(images)
        # in eval mode images do not see each other
        logits = self.segmentor.logits(torch.cat(list(made.values())))
        return {
            name: weights[name] * self.measure(part, truth)
            for name, part in zip(made, logits.chunk(len(made)))
        }

    def measure(self, logits: Tensor, truth: Tensor) -> Tensor:
        """Distance of two maps of logits (N, C, h, w), a scalar."""
        with without_autocast(logits):
            logits, truth = full_precision(logits), full_precision(truth)
            if self.instance_norm:
                logits, truth = F.instance_norm(logits), F.instance_norm(truth)
            if self.distance == 'mse':
                return F.mse_loss(logits, truth)
            return F.l1_loss(logits, truth)
