from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, OptMultiConfig
from torch import Tensor, nn


@MODELS.register_module()
class ResnetGenerator(BaseModule):
    """Translates images with residual blocks at a lower resolution.

    A 7x7 convolution, halvings by strided convolutions, residual blocks,
    doublings by transposed convolutions, a 7x7 convolution and a tanh. Borders
    are reflected. Convolutions have biases also ahead of a normalisation.

    Of `Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
    Networks <https://arxiv.org/abs/1703.10593>`_, section 7.2, with the
    settings of its code.

    Args:
        in_channels (int): Channels of the images. Defaults to 3.
        ngf (int): Channels after the first convolution; they double at each
            halving. Defaults to 64.
        num_blocks (int): Residual blocks. Defaults to 9.
        num_downsamples (int): Halvings, and doublings. Defaults to 2.
        norm_cfg (dict): Normalisation layer. Defaults to ``dict(type='IN')``,
            without parameters, by the statistics of each image.
        init_cfg (dict or list[dict], optional): Initialisation. Defaults to
            weights from N(0, 0.02) and biases of zero.

    Raises:
        ValueError: If a number is too small, or the size of an image is no
            multiple of :attr:`stride`.
    """

    def __init__(
        self,
        in_channels: int = 3,
        ngf: int = 64,
        num_blocks: int = 9,
        num_downsamples: int = 2,
        norm_cfg: ConfigType = dict(type='IN'),
        init_cfg: OptMultiConfig = dict(
            type='Normal', layer=['Conv2d', 'ConvTranspose2d'], std=0.02)
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        for name, value, least in (('ngf', ngf, 1), ('num_blocks', num_blocks,
                                                     0), ('num_downsamples',
                                                          num_downsamples, 0)):
            if value < least:
                raise ValueError(f'ResnetGenerator.{name} is {value}: '
                                 f'expected an integer >= {least}.')
        self.stride = 2**num_downsamples
        widths = [ngf * 2**i for i in range(num_downsamples + 1)]
        self.stem = nn.Sequential(
            nn.ReflectionPad2d(3), nn.Conv2d(in_channels, ngf, 7),
            *_norm_relu(norm_cfg, ngf))
        self.downsamples = nn.Sequential(*(nn.Sequential(
            nn.Conv2d(i, o, 3, stride=2, padding=1), *_norm_relu(norm_cfg, o))
                                           for i, o in zip(widths, widths[1:])
                                           ))
        self.blocks = nn.Sequential(*(ResidualBlock(widths[-1], norm_cfg)
                                      for _ in range(num_blocks)))
        self.upsamples = nn.Sequential(*(nn.Sequential(
            nn.ConvTranspose2d(i, o, 3, stride=2, padding=1, output_padding=1),
            *_norm_relu(norm_cfg, o))
                                         for i, o in zip(
                                             widths[::-1], widths[-2::-1])))
        self.head = nn.Sequential(
            nn.ReflectionPad2d(3), nn.Conv2d(ngf, in_channels, 7), nn.Tanh())

    def forward(self, images: Tensor) -> Tensor:
        """Translate images.

        Args:
            images (Tensor): In [-1, 1], (N, in_channels, H, W).

        Returns:
            Tensor: In [-1, 1], of the same shape.
        """
        if any(size % self.stride for size in images.shape[2:]):
            raise ValueError(
                f'ResnetGenerator needs images whose sides are multiples of '
                f'{self.stride} but got {images.shape[2]}x{images.shape[3]}: '
                'set crop_size of RandomCrop in the pipeline accordingly.')
        maps = self.blocks(self.downsamples(self.stem(images)))
        return self.head(self.upsamples(maps))


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with reflected borders, added to their input.

    Args:
        channels (int): Channels of input and output.
        norm_cfg (dict): Normalisation layer.
    """

    def __init__(self, channels: int, norm_cfg: ConfigType) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3),
            *_norm_relu(norm_cfg, channels), nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            build_norm_layer(norm_cfg, channels)[1])

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of shape (N, channels, H, W), before and after."""
        return maps + self.layers(maps)


def _norm_relu(norm_cfg: ConfigType, channels: int) -> tuple:
    return build_norm_layer(norm_cfg, channels)[1], nn.ReLU(inplace=True)
