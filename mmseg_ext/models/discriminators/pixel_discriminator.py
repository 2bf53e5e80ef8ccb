from typing import Sequence

from mmengine.model import BaseModule
from mmseg.registry import MODELS
from mmseg.utils import OptMultiConfig
from torch import Tensor, nn

_STD = 1e-3


@MODELS.register_module()
class PixelDiscriminator(BaseModule):
    """Judges every pixel of a feature map by itself.

    1x1 convolutions, with ReLU and dropout after each but the last: a pixel
    is one instance of the domain, and what it sees is the receptive field of
    the features.

    Of `FCNs in the Wild: Pixel-level Adversarial and Constraint-based
    Adaptation <https://arxiv.org/abs/1612.02649>`_, section 3.1; widths and
    initialisation are those of a public re-implementation.

    Args:
        in_channels (int): Channels of the input.
        channels (Sequence[int]): Channels after each convolution but the
            last. Defaults to (1024, 1024).
        dropout_ratio (float): Probability of dropout, 0 for none. Defaults
            to 0.5.
        dropout_first (bool): Drop whole channels ahead of the ReLU, as the
            code of CyCADA does, instead of single values behind it. Defaults
            to False.
        init_cfg (dict or list[dict], optional): Initialisation; None keeps
            that of torch. Defaults to a normal distribution of standard
            deviation 1e-3, cut off at twice that.

    Raises:
        ValueError: If ``dropout_ratio`` is outside [0, 1).
    """

    def __init__(
        self,
        in_channels: int,
        channels: Sequence[int] = (1024, 1024),
        dropout_ratio: float = 0.5,
        dropout_first: bool = False,
        init_cfg: OptMultiConfig = dict(
            type='TruncNormal',
            layer='Conv2d',
            std=_STD,
            a=-2 * _STD,
            b=2 * _STD)
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if not 0 <= dropout_ratio < 1:
            raise ValueError('PixelDiscriminator.dropout_ratio must be in '
                             f'[0, 1) but is {dropout_ratio}.')
        self.in_channels = in_channels
        layers = []
        for width in channels:
            layers.append(nn.Conv2d(in_channels, width, kernel_size=1))
            if dropout_first:
                layers += [nn.Dropout2d(dropout_ratio), nn.ReLU(inplace=True)]
            else:
                layers += [nn.ReLU(inplace=True), nn.Dropout(dropout_ratio)]
            in_channels = width
        self.layers = nn.Sequential(*layers)
        self.classifier = nn.Conv2d(in_channels, 1, kernel_size=1)

    def forward(self, maps: Tensor) -> Tensor:
        """Score maps.

        Args:
            maps (Tensor): Shape (N, in_channels, H, W).

        Returns:
            Tensor: Scores of shape (N, 1, H, W).
        """
        return self.classifier(self.layers(maps))
