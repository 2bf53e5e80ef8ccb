from typing import Optional

import torch
from mmengine.model import BaseModule
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, OptConfigType, OptMultiConfig
from torch import Tensor

from ...utils.config_fields import type_name
from ..utils.head_capture import capture_head, check_capturable
from ..utils.logits import softmax_entropy
from ..utils.pretrained_backbone import load_backbone_except_input
from ..utils.random_streams import random_numbers_apart
from .base import BasePseudoFilter

# Channels of the first and the last stage of a ResNet.
_RESNET_CHANNELS = {18: (64, 512), 34: (64, 512), 50: (256, 2048)}


class FilterNetwork(BasePseudoFilter):
    """A small segmentor that reads image, entropy map and prediction.

    Input of the backbone are :math:`D + 1 + C` channels at the size of the
    image: the image, the entropy of the softmax of the resized logits in
    nats, and the resized logits. Source: section 3 of `Semi-supervised
    Semantic Segmentation with Error Localization Network
    <https://arxiv.org/abs/2204.02078>`_.

    Any backbone and any decode head of MMSegmentation can take the place of
    the default, a ResNet with stride 16 and :class:`DeepLabV3PlusHead`.

    Args:
        num_classes (int): Number C of channels of the logits.
        out_channels (int): Channels of the network's output.
        image_channels (int): Number D. Defaults to 3.
        depth (int): Depth of the default ResNet. Defaults to 34.
        backbone (dict, optional): Config of a backbone, ``in_channels``
            filled in. Defaults to None, the ResNet.
        decode_head (dict, optional): Config of a decode head, its classes,
            output channels and ``align_corners`` filled in; its losses are
            not used. Defaults to None, :class:`DeepLabV3PlusHead`.
        norm_cfg (dict): Norm layers of the default backbone and head.
            Defaults to ``dict(type='BN', requires_grad=True)``.
        pred_input (str): ``'logits'`` or ``'prob'`` (their softmax), what
            the network is shown of the prediction. Defaults to 'logits'.
        align_corners (bool): How maps are resized. Defaults to False.
        decision_threshold (float, optional): As of
            :class:`BasePseudoFilter`. Defaults to None.
        pretrained (str, optional): Weights of the backbone, such as
            ``'torchvision://resnet34'``; the first convolution is left out.
            Defaults to None.
        pretrained_shortcut (bool): Whether these include the shortcut
            convolutions, which the authors' code leaves out by accident.
            Defaults to True.
        init_cfg (dict or list[dict], optional): Initialisation. Defaults to
            None.

    Raises:
        ValueError: If a setting is outside what is listed, or contradicts
            the number of channels.
    """

    trainable = True

    def __init__(self,
                 num_classes: int,
                 out_channels: int,
                 image_channels: int = 3,
                 depth: int = 34,
                 backbone: OptConfigType = None,
                 decode_head: OptConfigType = None,
                 norm_cfg: ConfigType = dict(type='BN', requires_grad=True),
                 pred_input: str = 'logits',
                 align_corners: bool = False,
                 decision_threshold: Optional[float] = None,
                 pretrained: Optional[str] = None,
                 pretrained_shortcut: bool = True,
                 init_cfg: OptMultiConfig = None) -> None:
        super().__init__(num_classes, image_channels, align_corners, init_cfg,
                         decision_threshold)
        self._check_option('pred_input', pred_input, ('logits', 'prob'))
        self.pred_input = pred_input
        self.pretrained = pretrained
        self.pretrained_shortcut = pretrained_shortcut
        self.in_channels = image_channels + 1 + num_classes
        if backbone is None:
            backbone = self._default_backbone(depth, norm_cfg)
        self.backbone = self._build(backbone, in_channels=self.in_channels)
        if decode_head is None:
            decode_head = self._default_head(depth, norm_cfg)
        decode_head = dict(align_corners=align_corners) | decode_head
        if out_channels == 1:
            # Not used, but a head of one channel asks for it.
            decode_head = dict(threshold=0.5) | decode_head
        self.decode_head = self._build(
            decode_head, num_classes=out_channels, out_channels=out_channels)
        check_capturable(self.decode_head)

    def _build(self, cfg: ConfigType, **channels) -> BaseModule:
        """Build a part whose channels must be the given ones."""
        for name, value in channels.items():
            if cfg.get(name, value) != value:
                raise ValueError(
                    f'{type_name(cfg)}.{name} within {type(self).__name__} '
                    f'must be {value} but is {cfg[name]}; leave it out.')
        return MODELS.build(dict(cfg) | channels)

    def _check_option(self, name: str, value: str, options: tuple) -> None:
        if value not in options:
            raise ValueError(f'{type(self).__name__}.{name} must be one of '
                             f'{options} but is {value!r}.')

    @staticmethod
    def _default_backbone(depth: int, norm_cfg: ConfigType) -> ConfigType:
        return dict(
            type='ResNet',
            depth=depth,
            strides=(1, 2, 2, 1),
            dilations=(1, 1, 1, 1),
            norm_cfg=norm_cfg,
            norm_eval=False,
            style='pytorch')

    @staticmethod
    def _default_head(depth: int, norm_cfg: ConfigType) -> ConfigType:
        c1_in_channels, in_channels = _RESNET_CHANNELS[min(depth, 50)]
        return dict(
            type='DeepLabV3PlusHead',
            in_channels=in_channels,
            in_index=3,
            channels=256,
            c1_in_channels=c1_in_channels,
            c1_channels=48,
            aspp_dropout=0.5,
            norm_cfg=norm_cfg)

    def init_weights(self) -> None:
        """Initialise, and load the pretrained backbone where there is one."""
        first_time = not self.is_init
        with random_numbers_apart():
            super().init_weights()
        if first_time and self.pretrained is not None:
            load_backbone_except_input(self.backbone, self.pretrained,
                                       self.in_channels,
                                       self.pretrained_shortcut)

    def forward(self, images: Tensor, logits: Tensor) -> Tensor:
        """See :meth:`BasePseudoFilter.forward`."""
        return self.judge(images, self.at_image_size(images, logits))

    def at_image_size(self, images: Tensor, logits: Tensor) -> Tensor:
        """Logits without gradient, in float32, at the size of the images."""
        if logits.shape[1] != self.num_classes:
            raise ValueError(
                f'{type(self).__name__}.num_classes is {self.num_classes} but '
                f'the logits have {logits.shape[1]} channels.')
        return self.resize(logits.detach().float(), images)

    def judge(self, images: Tensor, logits: Tensor) -> Tensor:
        """The network's output for logits at the size of the images."""
        shown = logits if self.pred_input == 'logits' else logits.softmax(1)
        entropy = softmax_entropy(logits)
        inputs = torch.cat([images, entropy.to(images), shown.to(images)], 1)
        # Some heads return auxiliary outputs too while they train.
        with capture_head(self.decode_head) as captured:
            self.decode_head.forward(self.backbone(inputs))
        return captured.logits

    def resize(self, maps: Tensor, like: Tensor) -> Tensor:
        """Resize maps bilinearly to the height and width of a tensor."""
        size = tuple(like.shape[-2:])
        if tuple(maps.shape[-2:]) == size:
            return maps
        return resize(
            maps,
            size=size,
            mode='bilinear',
            align_corners=self.align_corners,
            warning=False)
