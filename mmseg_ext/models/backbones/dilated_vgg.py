import re
from typing import Dict, Optional, Sequence, Tuple

from mmcv.cnn import VGG
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from mmseg.utils import OptMultiConfig
from torch import Tensor, nn


@MODELS.register_module()
class DilatedVGG(BaseModule):
    """VGG at output stride 8, its fully connected layers as convolutions.

    The front-end of `Multi-Scale Context Aggregation by Dilated Convolutions
    <https://arxiv.org/abs/1511.07122>`_, section 4, on which `FCNs in the
    Wild <https://arxiv.org/abs/1612.02649>`_ stands: the last two poolings
    are left out, the fifth stage has dilation 2, ``fc6`` has dilation 4, and
    the image is not padded by mirroring. Each of ``fc6`` and ``fc7`` is
    followed by a ReLU and a dropout. `AdaptSegNet
    <https://arxiv.org/abs/1802.10349>`_ has ``fc_channels=1024,
    fc_kernel_sizes=(3, 3), fc_dilations=(4, 4), dropout_ratio=0``.

    Layers of the stages are numbered as in torchvision, so the weights of a
    classifier load as they are (``pretrained='torchvision://vgg16'``), those
    of its first two fully connected layers as well where the shapes agree.

    Args:
        depth (int): 11, 13, 16 or 19. Defaults to 16.
        fc_channels (int): Channels of ``fc6`` and ``fc7``. Defaults to 4096.
        fc_kernel_sizes (tuple[int]): Their kernels. Defaults to (7, 1).
        fc_dilations (tuple[int]): Their dilations. Defaults to (4, 1).
        dropout_ratio (float): Defaults to 0.5.
        with_bn (bool): Whether each convolution of the stages is followed by
            batch normalisation. Defaults to False.
        ceil_mode (bool): Whether poolings round sizes up. Defaults to False.
        out_indices (Sequence[int]): Which maps are returned: 0 to 4 are the
            stages, behind their pooling, and 5 is ``fc7``. Defaults to (5, ).
        pretrained (str, optional): Checkpoint to start from. What it does
            not have is drawn as without it. Defaults to None.
        init_cfg (dict or list[dict], optional): Defaults to None: Kaiming
            normal (fan in).

    Raises:
        ValueError: If ``depth`` or an index is none of those above, a kernel
            is even, or both ``pretrained`` and ``init_cfg`` are given.
    """

    def __init__(self,
                 depth: int = 16,
                 fc_channels: int = 4096,
                 fc_kernel_sizes: Tuple[int, int] = (7, 1),
                 fc_dilations: Tuple[int, int] = (4, 1),
                 dropout_ratio: float = 0.5,
                 with_bn: bool = False,
                 ceil_mode: bool = False,
                 out_indices: Sequence[int] = (5, ),
                 pretrained: Optional[str] = None,
                 init_cfg: OptMultiConfig = None) -> None:
        _check_options(depth, fc_kernel_sizes, out_indices)
        if init_cfg is None:
            init_cfg = [dict(type='Kaiming', layer='Conv2d', mode='fan_in')]
            if pretrained is not None:
                init_cfg.append(dict(type='Pretrained', checkpoint=pretrained))
        elif pretrained is not None:
            raise ValueError(
                'pretrained and init_cfg of DilatedVGG exclude each other, '
                f'but got {pretrained!r} and {init_cfg}.')
        super().__init__(init_cfg)
        self.out_indices = tuple(out_indices)
        stock = VGG(
            depth,
            with_bn=with_bn,
            dilations=(1, 1, 1, 1, 2),
            ceil_mode=ceil_mode,
            with_last_pool=False)
        self.stage_ranges = stock.range_sub_modules
        self.features = stock.features
        # a place holder, which keeps the numbers of the layers behind it
        self.features[self.stage_ranges[3][1] - 1] = nn.Identity()
        sizes, dilations = fc_kernel_sizes, fc_dilations
        self.fc6 = _same_conv(512, fc_channels, sizes[0], dilations[0])
        self.fc7 = _same_conv(fc_channels, fc_channels, sizes[1], dilations[1])
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(dropout_ratio)
        self._register_load_state_dict_pre_hook(
            adopt_fully_connected_layers, with_module=True)

    def forward(self, x: Tensor) -> Tuple[Tensor, ...]:
        """Maps of images (N, 3, H, W), in the order of ``out_indices``."""
        maps = {}
        for index, (start, end) in enumerate(self.stage_ranges):
            for layer in self.features[start:end]:
                x = layer(x)
            if index in self.out_indices:
                maps[index] = x
        if 5 in self.out_indices:
            x = self.dropout(self.relu(self.fc6(x)))
            maps[5] = self.dropout(self.relu(self.fc7(x)))
        return tuple(maps[index] for index in self.out_indices)


def adopt_fully_connected_layers(backbone: DilatedVGG,
                                 state_dict: Dict[str, Tensor], prefix: str,
                                 *args) -> None:
    """Let the backbone load the fully connected layers of a classifier.

    A ``load_state_dict`` pre-hook. Published files number the layers 0, 3, 6
    or 1, 4, 6; the first is ``fc6`` and the second ``fc7``. Layers of another
    shape are left alone, to be reported as any key that is not used.
    """
    pattern = re.compile(re.escape(prefix) + r'classifier\.(\d+)\.weight')
    numbers = sorted(
        int(match[1]) for match in map(pattern.fullmatch, state_dict) if match)
    for name, number in zip(('fc6', 'fc7'), numbers):
        source = f'{prefix}classifier.{number}.'
        weight, bias = (source + part for part in ('weight', 'bias'))
        shape = getattr(backbone, name).weight.shape
        if (bias in state_dict and len(state_dict[weight]) == shape[0]
                and state_dict[weight].numel() == shape.numel()):
            state_dict[f'{prefix}{name}.weight'] = state_dict.pop(
                weight).reshape(shape)
            state_dict[f'{prefix}{name}.bias'] = state_dict.pop(bias)


def _same_conv(in_channels: int, out_channels: int, kernel_size: int,
               dilation: int) -> nn.Conv2d:
    return nn.Conv2d(
        in_channels,
        out_channels,
        kernel_size,
        padding=dilation * (kernel_size // 2),
        dilation=dilation)


def _check_options(depth: int, fc_kernel_sizes: Sequence[int],
                   out_indices: Sequence[int]) -> None:
    if depth not in VGG.arch_settings:
        raise ValueError(f'depth of DilatedVGG must be one of '
                         f'{list(VGG.arch_settings)}, but got {depth}.')
    if len(fc_kernel_sizes) != 2 or not all(k % 2 for k in fc_kernel_sizes):
        raise ValueError('fc_kernel_sizes of DilatedVGG must be two odd '
                         f'sizes, but got {tuple(fc_kernel_sizes)}.')
    if not out_indices or not set(out_indices) <= set(range(6)):
        raise ValueError('out_indices of DilatedVGG must be one or more of 0 '
                         f'to 5, but got {tuple(out_indices)}.')
