from typing import Optional, Sequence

from mmseg.models.backbones import ResNet
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, OptMultiConfig


@MODELS.register_module()
class DeepLabV2ResNet(ResNet):
    """ResNet at output stride 8 as DeepLab-v2 has it, for domain adaptation.

    The stock ``ResNet`` but for the pooling of the stem, which rounds sizes
    up: an image of 512x1024 has maps of 65x129, not of 64x128. The defaults
    are those of `AdaptSegNet <https://arxiv.org/abs/1802.10349>`_ and `ADVENT
    <https://arxiv.org/abs/1811.12833>`_: the stride is in the first 1x1
    convolution of a block, all blocks of a dilated stage have its dilation,
    and the scale and shift of the norm layers stay as they were loaded while
    their statistics are those of the batch.

    Args:
        depth (int): 18, 34, 50, 101 or 152. Defaults to 101.
        strides (Sequence[int]): Of the stages. Defaults to (1, 2, 1, 1).
        dilations (Sequence[int]): Of the stages. Defaults to (1, 1, 2, 4).
        style (str): Defaults to 'caffe'.
        norm_cfg (dict): Defaults to
            ``dict(type='BN', requires_grad=False)``.
        zero_init_residual (bool): Defaults to False: a scale of zero that is
            not trained would switch its block off for good.
        pretrained (str, optional): Checkpoint to start from. Defaults to
            None.
        init_cfg (dict or list[dict], optional): Defaults to None:
            convolutions from N(0, 0.01), norm layers the identity.
        **kwargs: As of the stock ``ResNet``.
    """

    def __init__(self,
                 depth: int = 101,
                 strides: Sequence[int] = (1, 2, 1, 1),
                 dilations: Sequence[int] = (1, 1, 2, 4),
                 style: str = 'caffe',
                 norm_cfg: ConfigType = dict(type='BN', requires_grad=False),
                 zero_init_residual: bool = False,
                 pretrained: Optional[str] = None,
                 init_cfg: OptMultiConfig = None,
                 **kwargs) -> None:
        if pretrained is None and init_cfg is None:
            init_cfg = [
                dict(type='Normal', std=0.01, layer='Conv2d'),
                dict(
                    type='Constant', val=1, layer=['_BatchNorm', 'GroupNorm'])
            ]
        super().__init__(
            depth=depth,
            strides=strides,
            dilations=dilations,
            style=style,
            norm_cfg=norm_cfg,
            zero_init_residual=zero_init_residual,
            pretrained=pretrained,
            init_cfg=init_cfg,
            **kwargs)
        self.maxpool.ceil_mode = True
