"""Alignment of one level of a segmentor by an adversarial game.

Shape shorthand: N images of the source and M of the target; their maps
(N, C, h, w) and (M, C, h', w'), whose sizes may differ.
"""
from typing import Dict, Optional, Union

import torch
from mmengine.dist import all_reduce
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, OptMultiConfig
from torch import Tensor

from ..losses.adversarial_loss import BaseAdversarialLoss
from ..utils.frozen import forward_frozen
from ..utils.loss_weights import build_loss_weight
from ..utils.masks import resize_valid_masks
from ..utils.modes import eval_mode
from .representations import build_representation

GAN_LOSSES = dict(
    vanilla='VanillaAdversarialLoss',
    lsgan='LeastSquaresAdversarialLoss',
    confusion='DomainConfusionLoss')

# of the running mean over about 100 iterations
_ACCURACY_MOMENTUM = 0.01


@MODELS.register_module()
class DomainAdversary(BaseModule):
    """A discriminator of two domains and both sides of its game.

    The segmentor's loss goes through the discriminator with its parameters
    taken as constants; the discriminator's loss sees detached maps. So
    neither loss gives the other side a gradient, and the sum of both can be
    minimised by one backward pass: this equals the alternation of `Learning
    to Adapt Structured Output Space for Semantic Segmentation
    <https://arxiv.org/abs/1802.10349>`_, in which all gradients are taken
    ahead of all steps.

    Padding is shown as zeros, and scores whose centre lies on padding do not
    count.

    Args:
        align (str or dict): What the discriminator gets to see:
            ``'feature'``, ``'probability'``, ``'self_information'``, or the
            config of a representation.
        level (str): The map that is aligned, see :class:`SegmentorLevels`.
        discriminator (dict): Config of a module from (N, C, h, w) to scores
            (N, 1, h', w'). Where the algorithm knows them it fills in
            ``in_channels``.
        gan_loss (str or dict): ``'vanilla'``, ``'lsgan'``, ``'confusion'``,
            or the config of a :class:`BaseAdversarialLoss`. Defaults to
            'vanilla'.
        loss_weight (float or dict): Weight of the segmentor's loss, a number
            or a schedule. Defaults to 1e-3.
        discriminator_loss_weight (float): Weight of the discriminator's
            loss. Defaults to 1.0.
        min_accuracy (float, optional): The segmentor's loss counts only
            while the discriminator has been right more often than that, as
            a running mean over about 100 iterations and all ranks. The code
            of `CyCADA <https://arxiv.org/abs/1711.03213>`_ has 0.6. Defaults
            to None, always.
        resize_to (str, optional): ``'input'`` has logits upsampled to the
            size of the image, None leaves them as they are; features are
            never resized. Defaults to 'input'.
        name (str, optional): Name in the log. Defaults to None, which is the
            level.
        init_cfg (dict or list[dict], optional): Initialisation. Defaults to
            None.

    Raises:
        ValueError: If an option has none of its values, or a map has another
            number of channels than the discriminator takes.
    """

    def __init__(self,
                 align: Union[str, ConfigType],
                 level: str,
                 discriminator: ConfigType,
                 gan_loss: Union[str, ConfigType] = 'vanilla',
                 loss_weight: Union[float, ConfigType] = 1e-3,
                 discriminator_loss_weight: float = 1.0,
                 min_accuracy: Optional[float] = None,
                 resize_to: Optional[str] = 'input',
                 name: Optional[str] = None,
                 init_cfg: OptMultiConfig = None) -> None:
        super().__init__(init_cfg=init_cfg)
        if resize_to not in ('input', None):
            raise ValueError("model.adversaries.resize_to must be 'input' or "
                             f'None but is {resize_to!r}.')
        if min_accuracy is not None and not 0 <= min_accuracy <= 1:
            raise ValueError('model.adversaries.min_accuracy must be in '
                             f'[0, 1] but is {min_accuracy}.')
        self.name = name or level
        if 'loss' in self.name:
            raise ValueError(
                f'model.adversaries.name is {self.name!r}, but every figure '
                "whose name has 'loss' in it is minimised: choose another.")
        self.level = level
        self.resize_to = resize_to
        self.min_accuracy = min_accuracy
        if min_accuracy is not None:
            # that of a guess
            self.register_buffer('mean_accuracy', torch.tensor(0.5))
        self.discriminator_loss_weight = discriminator_loss_weight
        self.loss_weight = build_loss_weight(loss_weight,
                                             'model.adversaries.loss_weight')
        self.representation = build_representation(align)
        self.gan_loss = _build_gan_loss(gan_loss)
        self.discriminator = MODELS.build(discriminator)

    def forward(self, source: Tensor, target: Tensor, source_valid: Tensor,
                target_valid: Tensor) -> Dict[str, Tensor]:
        """Both losses of the game and the discriminator's accuracy.

        Args:
            source (Tensor): Map of the source, (N, C, h, w).
            target (Tensor): Map of the target, (M, C, h', w').
            source_valid (Tensor): Pixels that are not padding, bool
                (N, H, W).
            target_valid (Tensor): Likewise, bool (M, H', W').

        Returns:
            dict[str, Tensor]: ``loss_adversarial``, whose gradient reaches
            the segmentor only, ``loss_discriminator``, whose gradient
            reaches the discriminator only, ``accuracy`` and, with
            ``min_accuracy``, ``gate``.
        """
        if not self.gan_loss.confuses_source:
            source = source.detach()
        source = self.represent(source, source_valid)
        target = self.represent(target, target_valid)
        losses = dict(
            loss_adversarial=self.adversarial_loss(source, target,
                                                   source_valid, target_valid))
        scores = self.scores(source.detach(), target.detach())
        units = (resize_valid_masks(source_valid, scores[0].shape[2:]),
                 resize_valid_masks(target_valid, scores[1].shape[2:]))
        losses['loss_discriminator'] = (
            self.discriminator_loss_weight *
            self.gan_loss.discriminator_loss(*scores, *units))
        losses['accuracy'] = self.gan_loss.accuracy(*scores, *units)
        if self.min_accuracy is not None:
            losses['gate'] = self._gate(losses['accuracy'])
            losses['loss_adversarial'] = (
                losses['loss_adversarial'] * losses['gate'])
        return losses

    @torch.no_grad()
    def _gate(self, accuracy: Tensor) -> Tensor:
        """1 while the discriminator is good enough, else 0."""
        accuracy = accuracy.detach().float().clone()
        all_reduce(accuracy, op='mean')
        self.mean_accuracy.lerp_(accuracy, _ACCURACY_MOMENTUM)
        return (self.mean_accuracy > self.min_accuracy).float()

    def represent(self, maps: Tensor, valid: Tensor) -> Tensor:
        """What the discriminator sees of a map; zero on padding."""
        expected = getattr(self.discriminator, 'in_channels', maps.shape[1])
        if maps.shape[1] != expected:
            raise ValueError(
                f'The level {self.level!r} of the adversary {self.name!r} has '
                f'{maps.shape[1]} channels, but discriminator.in_channels is '
                f'{expected}.')
        valid = resize_valid_masks(valid, maps.shape[2:])
        return self.representation(maps).masked_fill(~valid[:, None], 0)

    def adversarial_loss(self, source: Tensor, target: Tensor,
                         source_valid: Tensor, target_valid: Tensor) -> Tensor:
        """The segmentor's side, weighted.

        Args:
            source (Tensor): What :meth:`represent` makes of the source.
            target (Tensor): The same of the target.
            source_valid (Tensor): Pixels that are not padding, bool
                (N, H, W).
            target_valid (Tensor): Likewise, bool (M, H', W').

        Returns:
            Tensor: A scalar.
        """
        source_scores = source_units = None
        if self.gan_loss.confuses_source:
            source_scores = self.frozen_scores(source)
            source_units = resize_valid_masks(source_valid,
                                              source_scores.shape[2:])
        scores = self.frozen_scores(target)
        units = resize_valid_masks(target_valid, scores.shape[2:])
        return self.loss_weight() * self.gan_loss.segmentor_loss(
            source_scores, scores, source_units, units)

    def scores(self, source: Tensor, target: Tensor):
        """Scores of both domains, with a graph to the discriminator."""
        return self.discriminator(source), self.discriminator(target)

    def frozen_scores(self, maps: Tensor) -> Tensor:
        """Scores that have a graph to the maps but not to the parameters."""
        return forward_frozen(self.discriminator, maps)

    @torch.no_grad()
    def target_probability(self, maps: Tensor, valid: Tensor) -> Tensor:
        """How sure the discriminator is of the target, to look at.

        In eval mode, so that it draws nothing, keeps nothing and waits for no
        other rank.

        Args:
            maps (Tensor): Map of either domain, (N, C, h, w).
            valid (Tensor): Pixels that are not padding, bool (N, H, W).

        Returns:
            Tensor: In [0, 1], of shape (N, h', w').
        """
        with eval_mode(self):
            scores = self.discriminator(self.represent(maps, valid))
        return self.gan_loss.probability(scores.float())[:, 0]


def _build_gan_loss(gan_loss: Union[str, ConfigType]) -> BaseAdversarialLoss:
    if not isinstance(gan_loss, dict):
        if gan_loss not in GAN_LOSSES:
            raise ValueError(
                f'model.adversaries.gan_loss must be one of {list(GAN_LOSSES)}'
                f' or the config of a loss but is {gan_loss!r}.')
        gan_loss = dict(type=GAN_LOSSES[gan_loss])
    return MODELS.build(gan_loss)
