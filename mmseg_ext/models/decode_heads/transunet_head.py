from typing import Optional, Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule, ModuleList
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class TransUNetHead(BaseDecodeHead):
    """Cascaded up-sampler of TransUNet with skips from the encoder.

    `TransUNet <https://arxiv.org/abs/2102.04306>`_, section 3.2: a 3x3
    convolution of the deepest map, then blocks that double it, append a skip
    and apply two 3x3 convolutions. The last block has no skip and reaches the
    size of the image. The classifier is a 3x3 convolution. Bilinear, between
    corners. Where a skip is not exactly twice as large, its size is taken.

    Args:
        in_channels (Sequence[int]): Channels of the maps, from fine to
            coarse. Defaults to (64, 256, 512, 768).
        in_index (Sequence[int]): Their indices. Defaults to (0, 1, 2, 3).
        head_channels (int): Output channels of the first convolution.
            Defaults to 512.
        decoder_channels (Sequence[int]): Output channels of the blocks.
            Defaults to (256, 128, 64, 16).
        num_skips (int, optional): Skips in use, the coarsest ones first.
            Defaults to None, all.
        width_factor (float): Multiplies all channels of the decoder. Defaults
            to 1.
        norm_cfg (dict): Defaults to ``dict(type='BN')``.
        dropout_ratio (float): Dropout ahead of the classifier. Defaults to 0.
        init_cfg (dict or list[dict], optional): Defaults to None: Kaiming for
            the decoder, N(0, 0.01) for the classifier.
        **kwargs: As of ``BaseDecodeHead``, without ``channels`` and
            ``input_transform``.

    Raises:
        ValueError: If there are fewer blocks than skips.
    """

    def __init__(self,
                 in_channels: Sequence[int] = (64, 256, 512, 768),
                 in_index: Sequence[int] = (0, 1, 2, 3),
                 head_channels: int = 512,
                 decoder_channels: Sequence[int] = (256, 128, 64, 16),
                 num_skips: Optional[int] = None,
                 width_factor: float = 1.,
                 norm_cfg: dict = dict(type='BN'),
                 dropout_ratio: float = 0.,
                 init_cfg=None,
                 **kwargs) -> None:
        head_channels, *decoder_channels = (
            max(round(channels * width_factor), 1)
            for channels in (head_channels, *decoder_channels))
        if init_cfg is None:
            init_cfg = dict(
                type='Normal', std=0.01, override=dict(name='conv_seg'))
        super().__init__(
            in_channels=list(in_channels),
            in_index=list(in_index),
            channels=decoder_channels[-1],
            input_transform='multiple_select',
            norm_cfg=norm_cfg,
            dropout_ratio=dropout_ratio,
            init_cfg=init_cfg,
            **kwargs)
        *skips, deepest = in_channels
        if num_skips is None:
            num_skips = len(skips)
        if not num_skips <= min(len(skips), len(decoder_channels)):
            raise ValueError(
                'TransUNetHead.num_skips must be at most the number of finer '
                f'maps, {len(skips)}, and of blocks, {len(decoder_channels)}, '
                f'but is {num_skips}.')
        self.num_skips = num_skips
        layers = dict(
            kernel_size=3,
            padding=1,
            conv_cfg=self.conv_cfg,
            norm_cfg=self.norm_cfg,
            act_cfg=self.act_cfg)
        self.conv_more = ConvModule(deepest, head_channels, **layers)
        skips = [*skips[::-1][:num_skips], *[0] * len(decoder_channels)]
        blocks, channels = [], head_channels
        for width, skip in zip(decoder_channels, skips):
            blocks.append(_DecoderBlock(channels, skip, width, layers))
            channels = width
        self.blocks = ModuleList(blocks)
        self.conv_seg = nn.Conv2d(
            self.channels, self.out_channels, 3, padding=1)

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Logits (N, num_classes, H, W).

        Args:
            inputs (Sequence[Tensor]): Maps of every level.
        """
        return self.cls_seg(self._forward_feature(inputs))

    def _forward_feature(self, inputs: Sequence[Tensor]) -> Tensor:
        *skips, x = self._transform_inputs(inputs)
        skips = skips[::-1][:self.num_skips]
        x = self.conv_more(x)
        for i, block in enumerate(self.blocks):
            x = block(x, skips[i] if i < len(skips) else None)
        return x


class _DecoderBlock(BaseModule):
    """Double the size, append the skip, convolve twice."""

    def __init__(self, in_channels: int, skip_channels: int, out_channels: int,
                 layers: dict) -> None:
        super().__init__()
        self.conv1 = ConvModule(in_channels + skip_channels, out_channels,
                                **layers)
        self.conv2 = ConvModule(out_channels, out_channels, **layers)

    def forward(self, x: Tensor, skip: Optional[Tensor]) -> Tensor:
        size = [2 * side for side in x.shape[2:]]
        if skip is not None:
            size = skip.shape[2:]
        x = F.interpolate(x, size, mode='bilinear', align_corners=True)
        if skip is not None:
            x = torch.cat([x, skip], dim=1)
        return self.conv2(self.conv1(x))
