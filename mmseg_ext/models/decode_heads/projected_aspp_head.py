from typing import Sequence

from mmcv.cnn import ConvModule
from mmseg.models.decode_heads import ASPPHead
from mmseg.registry import MODELS
from torch import nn


@MODELS.register_module()
class ProjectedASPPHead(ASPPHead):
    """DeepLabV3 head that projects its branches before the last 3x3.

    The head of the authors' code of `FastFCN
    <https://arxiv.org/abs/1903.11816>`_: branches of 256 channels, a 1x1
    convolution, dropout, a 3x3 convolution. The stock ``ASPPHead`` has one
    3x3 convolution on all branches.

    Args:
        channels (int): Channels of the branches. Defaults to 256.
        dilations (Sequence[int]): Rates. Defaults to (1, 12, 24, 36).
        projection_dropout_ratio (float): Dropout of whole channels behind the
            projection. Defaults to 0.5.
        **kwargs: As of ``ASPPHead``.
    """

    def __init__(self,
                 channels: int = 256,
                 dilations: Sequence[int] = (1, 12, 24, 36),
                 projection_dropout_ratio: float = 0.5,
                 **kwargs) -> None:
        super().__init__(
            dilations=tuple(dilations), channels=channels, **kwargs)
        cfg = dict(
            conv_cfg=self.conv_cfg,
            norm_cfg=self.norm_cfg,
            act_cfg=self.act_cfg)
        branches = len(self.dilations) + 1
        self.bottleneck = nn.Sequential(
            ConvModule(branches * channels, channels, 1, **cfg),
            nn.Dropout2d(projection_dropout_ratio),
            ConvModule(channels, channels, 3, padding=1, **cfg))
