import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from mmseg.utils import OptMultiConfig
from torch import Tensor, nn


@MODELS.register_module()
class FCDiscriminator(BaseModule):
    """Fully convolutional discriminator of score maps.

    Convolutions of kernel 4, stride 2 and padding 1, with a leaky ReLU after
    each but the last. No normalisation, no sigmoid at the end. With five
    convolutions a score sees 94 x 94 pixels and the map of scores is 32 times
    smaller than the input, rounded down at each convolution.

    Of `Learning to Adapt Structured Output Space for Semantic Segmentation
    <https://arxiv.org/abs/1802.10349>`_, section 4.2.

    Args:
        in_channels (int): Channels of the input, as a rule the classes.
        ndf (int): Channels after the first convolution; they double at each
            further one, up to ``8 * ndf``. Defaults to 64.
        num_convs (int): Number of convolutions, the last one included.
            Defaults to 5.
        negative_slope (float): Of the leaky ReLU. Defaults to 0.2.
        init_cfg (dict or list[dict], optional): Initialisation. Defaults to
            None, which keeps that of torch.

    Raises:
        ValueError: If there are less than two convolutions, or an input is
            smaller than the stride.
    """

    def __init__(self,
                 in_channels: int,
                 ndf: int = 64,
                 num_convs: int = 5,
                 negative_slope: float = 0.2,
                 init_cfg: OptMultiConfig = None) -> None:
        super().__init__(init_cfg=init_cfg)
        if num_convs < 2:
            raise ValueError('FCDiscriminator.num_convs must be at least 2 '
                             f'but is {num_convs}.')
        self.in_channels = in_channels
        self.negative_slope = negative_slope
        widths = [ndf * min(2**i, 8) for i in range(num_convs - 1)]
        self.convs = nn.ModuleList(
            _halving_conv(*pair)
            for pair in zip([in_channels, *widths], widths))
        self.classifier = _halving_conv(widths[-1], 1)

    def forward(self, maps: Tensor) -> Tensor:
        """Score maps.

        Args:
            maps (Tensor): Shape (N, in_channels, H, W).

        Returns:
            Tensor: Scores of shape (N, 1, h, w).
        """
        stride = 2**(len(self.convs) + 1)
        if min(maps.shape[2:]) < stride:
            raise ValueError(
                f'FCDiscriminator halves its input {len(self.convs) + 1} '
                f'times and needs maps of at least {stride}x{stride} but got '
                f'{maps.shape[2]}x{maps.shape[3]}: lower '
                'discriminator.num_convs, or align larger maps.')
        for conv in self.convs:
            maps = F.leaky_relu(conv(maps), self.negative_slope, inplace=True)
        return self.classifier(maps)


def _halving_conv(in_channels: int, out_channels: int) -> nn.Conv2d:
    return nn.Conv2d(
        in_channels, out_channels, kernel_size=4, stride=2, padding=1)
