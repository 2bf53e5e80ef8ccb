"""The ResNet of hybrid Vision Transformers, in two variants."""
from typing import List, Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn.bricks import ConvWS2d
from mmengine.model import BaseModule, ModuleList, Sequential
from mmseg.registry import MODELS
from torch import Tensor, nn

VARIANTS = ('google', 'transunet')


@MODELS.register_module()
class StdConv2d(nn.Conv2d):
    """Convolution with weights of zero mean and unit variance (TransUNet).

    Unlike mmcv's ``ConvWS`` it divides by
    :math:`\\sqrt{\\mathrm{var} + 10^{-5}}` with the biased variance, which
    differs where weights are small.
    """

    def forward(self, x: Tensor) -> Tensor:
        """See ``nn.Conv2d``."""
        var, mean = torch.var_mean(
            self.weight, dim=(1, 2, 3), keepdim=True, correction=0)
        weight = (self.weight - mean) * torch.rsqrt(var + 1e-5)
        return F.conv2d(x, weight, self.bias, self.stride, self.padding,
                        self.dilation, self.groups)


class WeightStandardizedResNet(BaseModule):
    """ResNet with standardised weights and group normalisation.

    Activation comes behind the normalisation and behind the sum, the stride
    is in the 3x3 convolution, and there is no fourth stage. Of `Big Transfer
    <https://arxiv.org/abs/1912.11370>`_ as `Vision Transformer
    <https://arxiv.org/abs/2010.11929>`_ and `TransUNet
    <https://arxiv.org/abs/2102.04306>`_ use it, which differ: see
    :class:`HybridVisionTransformer`.

    Args:
        in_channels (int): Channels of the image. Defaults to 3.
        base_channels (int): Channels of the stem. Defaults to 64.
        stage_blocks (Sequence[int]): Bottlenecks of each stage. Defaults to
            (3, 4, 9).
        num_groups (int): Of the group normalisation. Defaults to 32.
        variant (str): ``'google'`` or ``'transunet'``. Defaults to 'google'.

    Raises:
        ValueError: If ``variant`` is none of the two, or ``base_channels`` is
            no multiple of ``num_groups``.
    """

    def __init__(self,
                 in_channels: int = 3,
                 base_channels: int = 64,
                 stage_blocks: Sequence[int] = (3, 4, 9),
                 num_groups: int = 32,
                 variant: str = 'google') -> None:
        super().__init__()
        if variant not in VARIANTS:
            raise ValueError(f'backbone.variant must be one of {VARIANTS} but '
                             f'is {variant!r}.')
        if base_channels % num_groups:
            raise ValueError(
                'backbone.base_channels must be a multiple of num_groups='
                f'{num_groups} but is {base_channels}.')
        self.same = variant == 'google'
        self.conv1 = _conv(in_channels, base_channels, 7, 2, variant)
        self.norm1 = nn.GroupNorm(num_groups, base_channels, eps=1e-6)
        stages, channels, width = [], base_channels, base_channels
        for i, blocks in enumerate(stage_blocks):
            units = []
            for j in range(blocks):
                stride = 2 if i and not j else 1
                units.append(
                    _Bottleneck(channels, width, stride, num_groups, variant))
                channels = 4 * width
            stages.append(Sequential(*units))
            width *= 2
        self.stages = ModuleList(stages)
        self.out_channels = channels

    def init_weights(self) -> None:
        """Kaiming for the convolutions, zero for the last scale of a block."""
        if not self.is_init:
            for module in self.modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.kaiming_normal_(module.weight, mode='fan_out')
                elif isinstance(module, _Bottleneck):
                    nn.init.zeros_(module.norm3.weight)
        super().init_weights()

    def forward(self, images: Tensor) -> List[Tensor]:
        """Maps of the stem and of every stage, (N, C, h, w) each."""
        x = _same_pad(images, 7, 2) if self.same else images
        x = F.relu(self.norm1(self.conv1(x)), inplace=True)
        maps = [x]
        if self.same:
            x = _same_pad(x, 3, 2, float('-inf'))
        x = F.max_pool2d(x, 3, 2)
        for i, stage in enumerate(self.stages):
            x = stage(x)
            # the unpadded pooling makes maps that are a pixel too small
            size = [side // (4 << i) for side in images.shape[2:]]
            maps.append(x if self.same else _grow(x, size))
        maps[-1] = x
        return maps


class _Bottleneck(BaseModule):
    """Bottleneck of 4 * ``width`` channels."""

    def __init__(self, in_channels: int, width: int, stride: int,
                 num_groups: int, variant: str) -> None:
        super().__init__()
        out_channels = 4 * width
        self.same = variant == 'google'
        self.stride = stride
        self.conv1 = _conv(in_channels, width, 1, 1, variant)
        self.norm1 = nn.GroupNorm(num_groups, width, eps=1e-6)
        self.conv2 = _conv(width, width, 3, stride, variant)
        self.norm2 = nn.GroupNorm(num_groups, width, eps=1e-6)
        self.conv3 = _conv(width, out_channels, 1, 1, variant)
        self.norm3 = nn.GroupNorm(num_groups, out_channels, eps=1e-6)
        self.downsample = None
        if stride > 1 or in_channels != out_channels:
            self.downsample = Sequential(
                _conv(in_channels, out_channels, 1, stride, variant),
                nn.GroupNorm(num_groups, out_channels, eps=1e-6) if self.same
                else nn.GroupNorm(out_channels, out_channels, eps=1e-5))

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.norm1(self.conv1(x)), inplace=True)
        if self.same:
            x = _same_pad(x, 3, self.stride)
        x = F.relu(self.norm2(self.conv2(x)), inplace=True)
        return F.relu(shortcut + self.norm3(self.conv3(x)), inplace=True)


def _conv(in_channels: int, out_channels: int, kernel_size: int, stride: int,
          variant: str) -> nn.Conv2d:
    cls = ConvWS2d if variant == 'google' else StdConv2d
    return cls(
        in_channels,
        out_channels,
        kernel_size,
        stride=stride,
        padding=0 if variant == 'google' else kernel_size // 2,
        bias=False)


def _same_pad(x: Tensor,
              kernel_size: int,
              stride: int,
              value: float = 0.) -> Tensor:
    """Pad as "SAME" does: for an output of size / stride, rounded up."""
    pads = []
    for side in reversed(x.shape[2:]):
        total = (-(-side // stride) - 1) * stride + kernel_size - side
        total = max(total, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads, value=value) if any(pads) else x


def _grow(x: Tensor, size: Sequence[int]) -> Tensor:
    """Pad with zeros at the right and at the bottom up to a size."""
    pads = [
        max(side - own, 0)
        for side, own in zip(reversed(size), reversed(x.shape[2:]))
    ]
    return F.pad(x, (0, pads[0], 0, pads[1])) if any(pads) else x
