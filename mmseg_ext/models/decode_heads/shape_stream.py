"""The shape stream of Gated-SCNN."""
from typing import Sequence

import torch
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule, ModuleList, xavier_init
from mmseg.models.backbones.resnet import BasicBlock
from mmseg.utils import ConfigType
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


class GatedConv2d(BaseModule):
    """Gated convolutional layer.

    .. math:: out = W (s \\odot (1 + \\alpha)), \\quad
              \\alpha = \\sigma(BN(C_2(ReLU(C_1(BN([s, g]))))))

    Section 3.1 of `Gated-SCNN <https://arxiv.org/abs/1907.05740>`_.

    Args:
        channels (int): Channels C of the shape features s.
        norm_cfg (dict): Config of the norm layers.
    """

    def __init__(self, channels: int, norm_cfg: ConfigType) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            build_norm_layer(norm_cfg, channels + 1)[1],
            nn.Conv2d(channels + 1, channels + 1, 1), nn.ReLU(),
            nn.Conv2d(channels + 1, 1, 1),
            build_norm_layer(norm_cfg, 1)[1], nn.Sigmoid())
        self.conv = nn.Conv2d(channels, channels, 1, bias=False)

    def init_weights(self) -> None:
        """Draw the weights as the authors do."""
        super().init_weights()
        xavier_init(self.conv, distribution='normal')

    def forward(self, shape: Tensor, gating: Tensor) -> Tensor:
        """Gate shape features (N, C, H, W) by a map (N, 1, H, W)."""
        alpha = self.gate(torch.cat([shape, gating], dim=1))
        return self.conv(shape * (1 + alpha))


class ShapeStream(BaseModule):
    """Residual blocks and gates that end in edge logits.

    Args:
        channels (Sequence[int]): Channels of the input and behind each gate.
        norm_cfg (dict): Config of the norm layers.
        with_cp (bool): Whether the blocks are computed again in the backward
            pass, which saves memory. Defaults to False.
    """

    def __init__(self,
                 channels: Sequence[int],
                 norm_cfg: ConfigType,
                 with_cp: bool = False) -> None:
        super().__init__()
        self.with_cp = with_cp
        # mmengine initialises what is inside its own lists alone
        self.blocks = ModuleList(
            BasicBlock(
                width,
                width,
                norm_cfg=norm_cfg,
                init_cfg=dict(type='Kaiming', layer='Conv2d'))
            for width in channels[:-1])
        self.reductions = nn.ModuleList(
            nn.Conv2d(wide, narrow, 1)
            for wide, narrow in zip(channels[:-1], channels[1:]))
        self.gates = ModuleList(
            GatedConv2d(width, norm_cfg) for width in channels[1:])
        self.edge = nn.Conv2d(channels[-1], 1, 1, bias=False)

    def forward(self, shape: Tensor, gatings: Sequence[Tensor]) -> Tensor:
        """Edge logits (N, 1, H, W) of features and gating maps."""
        for block, reduction, gate, gating in zip(self.blocks, self.reductions,
                                                  self.gates, gatings):
            if self.with_cp and shape.requires_grad:
                shape = checkpoint(block, shape, use_reentrant=False)
            else:
                shape = block(shape)
            shape = gate(reduction(shape), gating)
        return self.edge(shape)
