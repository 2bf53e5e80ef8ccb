from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, OptMultiConfig
from torch import Tensor, nn


@MODELS.register_module()
class PatchDiscriminator(BaseModule):
    """Judges overlapping patches of an image (PatchGAN).

    4x4 convolutions: ``num_downsamples`` of stride 2 and two of stride 1, the
    last of which gives the score. Normalisation after each but the first and
    the last, leaky ReLU after each but the last, no sigmoid. With three
    halvings a score sees 70x70 pixels.

    Of `Image-to-Image Translation with Conditional Adversarial Networks
    <https://arxiv.org/abs/1611.07004>`_, section 3.2.2, as CycleGAN uses it.

    Args:
        in_channels (int): Channels of the images. Defaults to 3.
        ndf (int): Channels after the first convolution; they double at each
            further one, up to ``8 * ndf``. Defaults to 64.
        num_downsamples (int): Convolutions of stride 2. Defaults to 3.
        norm_cfg (dict): Normalisation layer. Defaults to ``dict(type='IN')``.
        negative_slope (float): Of the leaky ReLU. Defaults to 0.2.
        init_cfg (dict or list[dict], optional): Initialisation. Defaults to
            weights from N(0, 0.02) and biases of zero.

    Raises:
        ValueError: If there is no halving, or an image is too small for a
            score.
    """

    def __init__(
        self,
        in_channels: int = 3,
        ndf: int = 64,
        num_downsamples: int = 3,
        norm_cfg: ConfigType = dict(type='IN'),
        negative_slope: float = 0.2,
        init_cfg: OptMultiConfig = dict(
            type='Normal', layer='Conv2d', std=0.02)
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if num_downsamples < 1:
            raise ValueError('PatchDiscriminator.num_downsamples must be at '
                             f'least 1 but is {num_downsamples}.')
        self.in_channels = in_channels
        self.num_downsamples = num_downsamples
        widths = [ndf * min(2**i, 8) for i in range(num_downsamples + 1)]
        layers = [
            nn.Conv2d(in_channels, ndf, 4, stride=2, padding=1),
            nn.LeakyReLU(negative_slope, inplace=True)
        ]
        for i, (narrow, wide) in enumerate(zip(widths, widths[1:]), start=2):
            stride = 2 if i <= num_downsamples else 1
            layers += [
                nn.Conv2d(narrow, wide, 4, stride=stride, padding=1),
                build_norm_layer(norm_cfg, wide)[1],
                nn.LeakyReLU(negative_slope, inplace=True)
            ]
        self.layers = nn.Sequential(*layers)
        self.classifier = nn.Conv2d(widths[-1], 1, 4, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        """Score patches.

        Args:
            images (Tensor): Shape (N, in_channels, H, W).

        Returns:
            Tensor: Scores of shape (N, 1, h, w).
        """
        # two convolutions take one pixel each; one that a norm layer can
        # take statistics of has to be left behind the first
        least = 3 * 2**self.num_downsamples
        if min(images.shape[2:]) < least:
            raise ValueError(
                f'PatchDiscriminator needs images of at least {least}x{least} '
                f'but got {images.shape[2]}x{images.shape[3]}: lower '
                'discriminator.num_downsamples, or crop larger.')
        return self.classifier(self.layers(images))
