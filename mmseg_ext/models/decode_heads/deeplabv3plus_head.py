from typing import Sequence, Tuple

import torch
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.aspp_head import ASPPModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase


@MODELS.register_module()
class DeepLabV3PlusHead(BaseDecodeHead):
    """DeepLabV3+ with plain convolutions and a two-layer classifier.

    `Encoder-Decoder with Atrous Separable Convolution for Semantic Image
    Segmentation <https://arxiv.org/abs/1802.02611>`_, as the authors of
    `ELN <https://arxiv.org/abs/2204.02078>`_ build it. Differences to the
    stock ``DepthwiseSeparableASPPHead``: no convolution is separable, the
    pooled branch has no norm layer and comes last, the pyramid is merged by
    a 1x1 convolution, dropout is element-wise and lies within the decoder,
    and ``cls_seg`` is a 1x1 convolution, a ReLU and ``conv_seg``. The
    penultimate features are the argument of ``cls_seg``.

    Args:
        c1_in_channels (int): Channels of the low-level features.
        c1_channels (int): Channels that they are reduced to. Defaults to 48.
        c1_index (int): Index of the low-level features. Defaults to 0.
        dilations (Sequence[int]): Of the pyramid. Defaults to
            (1, 6, 12, 18).
        aspp_dropout (float): Dropout behind the pyramid. Defaults to 0.1.
        decoder_dropout (tuple[float]): Dropout behind the first and the
            second 3x3 convolution. Defaults to (0.5, 0.1).
        dropout_ratio (float): Dropout ahead of ``conv_seg``, as stock heads
            have it. Defaults to 0.
        init_cfg (dict or list[dict], optional): Defaults to None: Kaiming
            normal (fan in) for the convolutions of pyramid and decoder,
            torch's own for the classifier.
        **kwargs: As of ``BaseDecodeHead``.
    """

    def __init__(self,
                 c1_in_channels: int,
                 c1_channels: int = 48,
                 c1_index: int = 0,
                 dilations: Sequence[int] = (1, 6, 12, 18),
                 aspp_dropout: float = 0.1,
                 decoder_dropout: Tuple[float, float] = (0.5, 0.1),
                 dropout_ratio: float = 0.,
                 init_cfg=None,
                 **kwargs) -> None:
        super().__init__(
            dropout_ratio=dropout_ratio, init_cfg=init_cfg, **kwargs)
        self.c1_index = c1_index
        channels = self.channels
        layers = dict(
            conv_cfg=self.conv_cfg,
            norm_cfg=self.norm_cfg,
            act_cfg=self.act_cfg)
        self.aspp_modules = ASPPModule(dilations, self.in_channels, channels,
                                       **layers)
        self.image_pool = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            ConvModule(
                self.in_channels,
                channels,
                1,
                bias=False,
                conv_cfg=self.conv_cfg,
                act_cfg=self.act_cfg))
        self.bottleneck = nn.Sequential(
            ConvModule((len(dilations) + 1) * channels, channels, 1, **layers),
            nn.Dropout(aspp_dropout))
        self.c1_bottleneck = nn.Sequential(
            ConvModule(c1_in_channels, c1_channels, 1, **layers))
        self.decoder = nn.Sequential(
            ConvModule(
                channels + c1_channels, channels, 3, padding=1, **layers),
            nn.Dropout(decoder_dropout[0]),
            ConvModule(channels, channels, 3, padding=1, **layers),
            nn.Dropout(decoder_dropout[1]), nn.Conv2d(channels, channels, 1))
        self.pre_cls = nn.Sequential(
            nn.Conv2d(channels, channels, 1), nn.ReLU(inplace=True))

    def init_weights(self) -> None:
        """Initialise; see ``init_cfg``."""
        if not self.is_init:
            # Ahead of init_cfg, whose pretrained weights come last. A
            # ConvModule within a Sequential is not initialised again.
            for part in (self.aspp_modules, self.image_pool, self.bottleneck,
                         self.c1_bottleneck, self.decoder):
                part.apply(_init_layer)
        super().init_weights()

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Logits (N, num_classes, h, w) on the grid of the low level.

        Args:
            inputs (Sequence[Tensor]): Features of every level.
        """
        return self.cls_seg(self._forward_feature(inputs))

    def _forward_feature(self, inputs: Sequence[Tensor]) -> Tensor:
        top = self._transform_inputs(inputs)
        pooled = self.image_pool(top).expand(-1, -1, *top.shape[2:])
        x = torch.cat([*self.aspp_modules(top), pooled], dim=1)
        x = self.bottleneck(x)
        low = self.c1_bottleneck(inputs[self.c1_index])
        x = resize(
            x,
            size=low.shape[2:],
            mode='bilinear',
            align_corners=self.align_corners)
        return self.decoder(torch.cat([x, low], dim=1))

    def cls_seg(self, feat: Tensor) -> Tensor:
        """Classify each pixel of penultimate features (N, channels, h, w)."""
        return super().cls_seg(self.pre_cls(feat))


def _init_layer(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight)
    elif isinstance(layer, _NormBase) and layer.affine:
        nn.init.ones_(layer.weight)
        nn.init.zeros_(layer.bias)
