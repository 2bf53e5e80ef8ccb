from typing import Optional

from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.psp_head import PPM, PSPHead
from mmseg.registry import MODELS


@MODELS.register_module()
class ReducedPSPHead(PSPHead):
    """PSP head whose pooled maps have fewer channels than its output.

    The stock head has one number for both. `PSPNet
    <https://arxiv.org/abs/1612.01105>`_ reduces each of the pooled maps to
    the share of the input that makes them as many as it has.

    Args:
        pool_channels (int, optional): Channels of each pooled map. Defaults
            to None, those of the input divided by the number of scales.
        **kwargs: As of ``PSPHead``.
    """

    def __init__(self, pool_channels: Optional[int] = None, **kwargs) -> None:
        super().__init__(**kwargs)
        number = len(self.pool_scales)
        if pool_channels is None:
            pool_channels = self.in_channels // number
        layers = dict(
            conv_cfg=self.conv_cfg,
            norm_cfg=self.norm_cfg,
            act_cfg=self.act_cfg)
        self.psp_modules = PPM(
            self.pool_scales,
            self.in_channels,
            pool_channels,
            align_corners=self.align_corners,
            **layers)
        self.bottleneck = ConvModule(
            self.in_channels + number * pool_channels,
            self.channels,
            3,
            padding=1,
            **layers)
