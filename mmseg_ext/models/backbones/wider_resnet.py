from typing import List, Optional, Sequence, Tuple

from mmcv.cnn import build_conv_layer, build_norm_layer
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, OptConfigType
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

_NUM_MODULES = 7


class WiderResNetBlock(BaseModule):
    """Residual block with the normalisation ahead of the convolutions.

    Args:
        in_channels (int): Channels of the input.
        channels (Sequence[int]): Channels behind each convolution: two of
            3x3, or three of 1x1, 3x3 and 1x1.
        stride (int): Of the first 3x3 convolution. Defaults to 1.
        dilation (int): Of the 3x3 convolutions. Defaults to 1.
        dropout_ratio (float): Of whole channels, ahead of the last
            convolution. Defaults to 0.
        norm_cfg (dict): Config of the norm layers.
        conv_cfg (dict, optional): Config of the convolutions. Defaults to
            None.
        with_cp (bool): Whether it is computed again in the backward pass.
            Defaults to False.
    """

    def __init__(self,
                 in_channels: int,
                 channels: Sequence[int],
                 stride: int = 1,
                 dilation: int = 1,
                 dropout_ratio: float = 0.,
                 norm_cfg: ConfigType = dict(type='BN'),
                 conv_cfg: OptConfigType = None,
                 with_cp: bool = False) -> None:
        super().__init__()
        self.with_cp = with_cp
        kernels = (3, 3) if len(channels) == 2 else (1, 3, 1)
        self.norm_names, self.conv_names = [], []
        widths = [in_channels, *channels]
        for i, kernel in enumerate(kernels, start=1):
            name, norm = build_norm_layer(norm_cfg, widths[i - 1], postfix=i)
            self.add_module(name, norm)
            self.norm_names.append(name)
            conv = build_conv_layer(
                conv_cfg,
                widths[i - 1],
                widths[i],
                kernel,
                stride=stride if i == 1 else 1,
                padding=dilation * (kernel // 2),
                dilation=dilation if kernel > 1 else 1,
                bias=False)
            self.add_module(f'conv{i}', conv)
            self.conv_names.append(f'conv{i}')
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout2d(dropout_ratio) if dropout_ratio else None
        self.shortcut = None
        if stride != 1 or in_channels != channels[-1]:
            self.shortcut = build_conv_layer(
                conv_cfg, in_channels, channels[-1], 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, C, H, W) to (N, D, H / stride, W / stride)."""
        if self.with_cp and x.requires_grad:
            return checkpoint(self._forward, x, use_reentrant=False)
        return self._forward(x)

    def _forward(self, x: Tensor) -> Tensor:
        out, residual = x, x
        for i, (norm,
                conv) in enumerate(zip(self.norm_names, self.conv_names)):
            out = self.relu(getattr(self, norm)(out))
            if i == 0 and self.shortcut is not None:
                residual = self.shortcut(out)
            if i == len(self.conv_names) - 1 and self.dropout is not None:
                out = self.dropout(out)
            out = getattr(self, conv)(out)
        return out + residual


@MODELS.register_module()
class WiderResNet(BaseModule):
    """WideResNet-38 with dilation, "A2", the backbone of Gated-SCNN.

    ``mod1`` is a convolution at the size of the image, ``mod2`` to ``mod7``
    are the outputs 0 to 5, of 1/2, 1/4 and then 1/8 of the size. Of `Wider or
    Deeper <https://arxiv.org/abs/1611.10080>`_ as `Gated-SCNN
    <https://arxiv.org/abs/1907.05740>`_ uses it: the last output has no
    normalisation and activation behind it.

    Args:
        depth (int): Number of layers; 16, 20 and 38 are known. Defaults to
            38.
        in_channels (int): Channels of the image. Defaults to 3.
        base_channels (int): Channels of ``mod1``; the others are multiples of
            it. Defaults to 64.
        strides (Sequence[int]): Strides of ``mod4`` to ``mod7``; poolings of
            stride 2 lie ahead of ``mod2`` and ``mod3``. Defaults to (2, 1, 1,
            1).
        dilations (Sequence[int]): Dilations of ``mod4`` to ``mod7``. Defaults
            to (1, 2, 4, 4).
        dropout_ratios (Sequence[float]): Dropout of channels in ``mod6`` and
            ``mod7``. Defaults to (0.3, 0.5).
        out_indices (Sequence[int]): Outputs, of 0 to 5. Defaults to (0, 1, 2,
            3, 4, 5).
        frozen_modules (int): ``mod1`` to ``mod<n>`` are not trained, 0 for
            none. Defaults to 0.
        norm_cfg (dict): Config of the norm layers. Defaults to
            ``dict(type='BN')``.
        conv_cfg (dict, optional): Config of the convolutions. Defaults to
            None.
        norm_eval (bool): Whether batch normalisation uses its running
            statistics in training. Defaults to False.
        with_cp (bool): Whether blocks are computed again in the backward
            pass, which saves memory. Defaults to False.
        pretrained (str, optional): File or address of weights; ``init_cfg``
            is the current way to give them. Defaults to None.
        init_cfg (dict or list[dict], optional): Initialisation. Defaults to
            None, Kaiming.

    Raises:
        ValueError: If the depth or an index is none of these.
    """

    # blocks of mod2 to mod7
    arch_settings = {
        16: (1, 1, 1, 1, 1, 1),
        20: (1, 1, 1, 3, 1, 1),
        38: (3, 3, 6, 3, 1, 1),
    }

    def __init__(self,
                 depth: int = 38,
                 in_channels: int = 3,
                 base_channels: int = 64,
                 strides: Sequence[int] = (2, 1, 1, 1),
                 dilations: Sequence[int] = (1, 2, 4, 4),
                 dropout_ratios: Sequence[float] = (0.3, 0.5),
                 out_indices: Sequence[int] = (0, 1, 2, 3, 4, 5),
                 frozen_modules: int = 0,
                 norm_cfg: ConfigType = dict(type='BN', requires_grad=True),
                 conv_cfg: OptConfigType = None,
                 norm_eval: bool = False,
                 with_cp: bool = False,
                 pretrained: Optional[str] = None,
                 init_cfg: OptConfigType = None) -> None:
        if pretrained is not None:
            if init_cfg is not None:
                raise ValueError('WiderResNet takes pretrained or init_cfg, '
                                 'but both are given.')
            init_cfg = dict(type='Pretrained', checkpoint=pretrained)
        super().__init__(init_cfg or [
            dict(type='Kaiming', layer='Conv2d'),
            dict(type='Constant', val=1, layer=['_BatchNorm', 'GroupNorm'])
        ])
        if depth not in self.arch_settings:
            raise ValueError('model.backbone.depth of WiderResNet must be one '
                             f'of {sorted(self.arch_settings)} but is '
                             f'{depth}.')
        wrong = [i for i in out_indices if not 0 <= i < _NUM_MODULES - 1]
        if wrong or not out_indices:
            raise ValueError('model.backbone.out_indices of WiderResNet must '
                             'be some of 0 to 5, for mod2 to mod7, but are '
                             f'{tuple(out_indices)}.')
        if not 0 <= frozen_modules <= _NUM_MODULES:
            raise ValueError('model.backbone.frozen_modules of WiderResNet '
                             f'must be 0 to 7 but is {frozen_modules}.')
        self.out_indices = tuple(out_indices)
        self.frozen_modules = frozen_modules
        self.norm_eval = norm_eval
        self.mod1 = build_conv_layer(
            conv_cfg, in_channels, base_channels, 3, padding=1, bias=False)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        width = base_channels
        channels: List[Tuple[int,
                             ...]] = [(2 * width, 2 * width),
                                      (4 * width, 4 * width),
                                      (8 * width, 8 * width),
                                      (8 * width, 16 * width),
                                      (8 * width, 16 * width, 32 * width),
                                      (16 * width, 32 * width, 64 * width)]
        before = width
        for i, number in enumerate(self.arch_settings[depth]):
            blocks = []
            for k in range(number):
                blocks.append(
                    WiderResNetBlock(
                        before,
                        channels[i],
                        stride=strides[i - 2] if i >= 2 and k == 0 else 1,
                        dilation=dilations[i - 2] if i >= 2 else 1,
                        dropout_ratio=dropout_ratios[i - 4] if i >= 4 else 0,
                        norm_cfg=norm_cfg,
                        conv_cfg=conv_cfg,
                        with_cp=with_cp))
                before = channels[i][-1]
            self.add_module(f'mod{i + 2}', nn.Sequential(*blocks))
        self._freeze()

    def _freeze(self) -> None:
        for i in range(1, self.frozen_modules + 1):
            module = getattr(self, f'mod{i}')
            module.eval()
            for parameter in module.parameters():
                parameter.requires_grad = False

    def train(self, mode: bool = True) -> nn.Module:
        """See ``nn.Module``; what is frozen stays in evaluation."""
        super().train(mode)
        if mode:
            self._freeze()
            if self.norm_eval:
                for module in self.modules():
                    if isinstance(module, nn.modules.batchnorm._BatchNorm):
                        module.eval()
        return self

    def forward(self, x: Tensor) -> Tuple[Tensor, ...]:
        """Images (N, 3, H, W) to the outputs of ``out_indices``."""
        x = self.mod1(x)
        outputs = []
        for i in range(max(self.out_indices) + 1):
            if i < 2:
                x = self.pool(x)
            x = getattr(self, f'mod{i + 2}')(x)
            if i in self.out_indices:
                outputs.append(x)
        return tuple(outputs)
