from typing import List, Optional, Sequence, Tuple, Union

from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from mmseg.utils import ConfigType
from torch import Tensor, nn


@MODELS.register_module()
class DeepLabV2Head(BaseDecodeHead):
    """DeepLab-v2: atrous classifiers of several rates, summed.

    `DeepLab: Semantic Image Segmentation with Deep Convolutional Nets, Atrous
    Convolution, and Fully Connected CRFs <https://arxiv.org/abs/1606.00915>`_,
    section 3.2 (ASPP), in the form that AdaptSegNet and ADVENT use: each rate
    has one 3x3 convolution from the features straight to the classes, without
    norm layer or activation. Together they are ``conv_seg``; the argument of
    ``cls_seg``, the penultimate features, is the map of the backbone.

    Args:
        in_channels (int or Sequence[int]): Channels of the features.
        dilations (Sequence[int]): The rates, which are the padding as well.
            Defaults to (6, 12, 18, 24). The checkpoints of AdaptSegNet need
            (6, 12): their code leaves out the other two.
        dropout_ratio (float): Dropout ahead of the classifiers. Defaults
            to 0.
        resize_to_input (bool): Whether predictions are resized to the size of
            the network's input first and to that of the image then, as stock
            heads do. False leaves the first step out, as the official
            evaluation does; this needs ``test_cfg.mode='whole'`` and images
            without padding. Defaults to True.
        init_cfg (dict or list[dict], optional): Defaults to None: weights
            from N(0, 0.01), biases as torch draws them.
        **kwargs: As of ``BaseDecodeHead``, but for ``channels``.

    Raises:
        ValueError: If there is no rate or one below 1, or if
            ``input_transform`` gives more than one map.
    """

    def __init__(self,
                 in_channels: Union[int, Sequence[int]],
                 dilations: Sequence[int] = (6, 12, 18, 24),
                 dropout_ratio: float = 0.,
                 resize_to_input: bool = True,
                 init_cfg=None,
                 **kwargs) -> None:
        if not dilations or min(dilations) < 1:
            raise ValueError(
                'dilations of DeepLabV2Head must be one or more rates of at '
                f'least 1, but got {tuple(dilations)}.')
        if kwargs.get('input_transform') == 'multiple_select':
            raise ValueError(
                "input_transform of DeepLabV2Head must be None or "
                "'resize_concat', which give one map, but got "
                "'multiple_select'.")
        channels = in_channels if isinstance(in_channels,
                                             int) else sum(in_channels)
        super().__init__(
            in_channels=in_channels,
            channels=channels,
            dropout_ratio=dropout_ratio,
            init_cfg=init_cfg,
            **kwargs)
        self.resize_to_input = resize_to_input
        self.conv_seg = AtrousClassifier(channels, self.out_channels,
                                         dilations)

    def init_weights(self) -> None:
        """Initialise; see ``init_cfg``."""
        if not self.is_init:
            # ahead of init_cfg, whose pretrained weights come last
            for conv in self.conv_seg.convs:
                nn.init.normal_(conv.weight, std=0.01)
        super().init_weights()

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Logits (N, num_classes, h, w) on the grid of the features.

        Args:
            inputs (Sequence[Tensor]): Features of every level.
        """
        return self.cls_seg(self._transform_inputs(inputs))

    def predict(self, inputs: Tuple[Tensor], batch_img_metas: List[dict],
                test_cfg: Optional[ConfigType]) -> Tensor:
        """Logits of a test batch; see ``resize_to_input``.

        Raises:
            ValueError: If ``resize_to_input`` is False and inference slides
                or an image is padded.
        """
        if self.resize_to_input:
            return super().predict(inputs, batch_img_metas, test_cfg)
        mode = (test_cfg or {}).get('mode', 'whole')
        if mode != 'whole':
            raise ValueError('resize_to_input=False of DeepLabV2Head needs '
                             f"test_cfg.mode='whole', but it is {mode!r}.")
        for meta in batch_img_metas:
            padding = meta.get('img_padding_size', meta.get('padding_size'))
            if padding is not None and any(padding):
                raise ValueError(
                    'resize_to_input=False of DeepLabV2Head needs images '
                    f'without padding, but {meta.get("img_path", "one")} has '
                    f'{tuple(padding)} (left, right, top, bottom): test with '
                    'a batch size of 1 and no `Pad` in the pipeline.')
        return self.forward(inputs)


class AtrousClassifier(nn.Module):
    """Sum of 3x3 convolutions that differ in their dilation.

    Args:
        in_channels (int): Channels of the features.
        out_channels (int): Number of logits a pixel.
        dilations (Sequence[int]): Dilation of each convolution.
    """

    def __init__(self, in_channels: int, out_channels: int,
                 dilations: Sequence[int]) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.convs = nn.ModuleList(
            nn.Conv2d(in_channels, out_channels, 3, padding=d, dilation=d)
            for d in dilations)

    def forward(self, feats: Tensor) -> Tensor:
        """Logits (N, out_channels, h, w) of maps (N, in_channels, h, w)."""
        logits = self.convs[0](feats)
        for conv in self.convs[1:]:
            logits = logits + conv(feats)
        return logits
