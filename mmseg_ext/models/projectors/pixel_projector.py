from typing import Optional

from mmengine.model import BaseModule
from mmseg.registry import MODELS
from mmseg.utils import OptMultiConfig
from torch import Tensor, nn


@MODELS.register_module()
class PixelProjector(BaseModule):
    """Embeds each pixel for contrastive learning.

    Two 1x1 convolutions with a ReLU between them. The output is not
    normalised: :class:`PixelContrastLoss` takes the cosine.

    Used in `Semi-supervised Semantic Segmentation with Error Localization
    Network <https://arxiv.org/abs/2204.02078>`_.

    Args:
        in_channels (int): Channels of the penultimate features.
        hidden_channels (int, optional): Channels between the two
            convolutions. Defaults to None, which is ``in_channels``.
        out_channels (int): Dimension of the embedding. Defaults to 128.
        init_cfg (dict or list[dict], optional): Initialisation. Defaults to
            None, which keeps that of torch.
    """

    def __init__(self,
                 in_channels: int,
                 hidden_channels: Optional[int] = None,
                 out_channels: int = 128,
                 init_cfg: OptMultiConfig = None) -> None:
        super().__init__(init_cfg=init_cfg)
        hidden_channels = hidden_channels or in_channels
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, hidden_channels, kernel_size=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden_channels, out_channels, kernel_size=1))

    def forward(self, features: Tensor) -> Tensor:
        """Embed features of shape (N, in_channels, H, W).

        Returns:
            Tensor: Embeddings of shape (N, out_channels, H, W).
        """
        return self.layers(features)
