from typing import List, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.aspp_head import ASPPModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, OptConfigType, SampleList
from torch import Tensor, nn

from ...utils.boundary_map import boundary_map
from ..utils.image_gradient import ImageGradient
from ..utils.options import check_option
from .shape_stream import ShapeStream


@MODELS.register_module()
class GSCNNHead(BaseDecodeHead):
    """Gated-SCNN: a shape stream beside the backbone, and what joins them.

    The shape stream reads early features at the size of the image, gated by
    features of the backbone, and predicts boundaries. These and the edges of
    the image enter an ASPP, behind which a decoder as in DeepLabV3+ makes the
    logits. The segmentor has to be :class:`ShapeStreamEncoderDecoder`, which
    hands over the image and the output of the backbone's stem. Of `Gated-SCNN
    <https://arxiv.org/abs/1907.05740>`_.

    Args:
        in_channels (Sequence[int]): Channels of the features that gate; the
            last of them enters the ASPP.
        in_index (Sequence[int]): Their indices, none of them negative.
        low_level_index (int): Index of the decoder's early features.
        low_level_channels (int): Their channels.
        image_index (int): Index of the image. Defaults to -1.
        stem_index (int, optional): Index of the stem's output. Defaults to
            None: the head has a stem of its own.
        stem_channels (int): Channels of the stem. Defaults to 64.
        image_channels (int): Channels of the image. Defaults to 3.
        shape_channels (Sequence[int]): Channels of the shape stream, of its
            input and behind each gate. Defaults to (64, 32, 16, 8).
        shape_stride (int): Stride of the shape stream; 2 takes a quarter of
            the time and memory. Defaults to 1.
        dilations (Sequence[int]): Rates of the ASPP. Defaults to (1, 12, 24,
            36), for a stride of 8.
        low_level_projection (int): Channels of the projected early features.
            Defaults to 48.
        image_gradient (dict): Arguments of :class:`ImageGradient`. Defaults
            to ``dict(mode='canny')``.
        loss_edge (dict, optional): Config of the boundaries' loss; None
            leaves it out. Defaults to the stock ``BoundaryLoss`` of weight
            20.
        loss_dual (dict, optional): Config of the loss from classes to
            boundaries. Defaults to :class:`DualTaskLoss`.
        loss_attention (dict, optional): Config of the segmentation loss on
            pixels that are boundaries by the edge map. Defaults to
            :class:`ImageWeightedCrossEntropyLoss`. The names of the three in
            the log are 'loss_edge', 'loss_dual' and 'loss_edge_attention'
            unless their ``loss_name`` says otherwise.
        edge_threshold (float): Probability from which on they are. Defaults
            to 0.8.
        edge_radius (float): Radius of the boundaries of the labels in pixels,
            unless the pipeline has ``GenerateBoundaryMap``. Defaults to 2.
        edge_resize (str): How the edges get to the size of the ASPP.
            ``'bilinear'`` samples them, as the authors' code; ``'area'``
            takes means, and thin edges are not lost. Defaults to 'bilinear'.
        with_bottleneck_norm (bool): Whether norm, activation and dropout of
            0.1 follow the convolution behind the ASPP, as in PaddleSeg.
            Defaults to False.
        stream_align_corners (bool): How all maps but the final logits are
            resized. Defaults to True.
        with_cp (bool): See :class:`ShapeStream`. Defaults to False.
        init_cfg (dict): Defaults to Kaiming's for the classifier, as the
            authors have it.
        **kwargs: As of ``BaseDecodeHead``; ``loss_decode`` is by default
            :class:`ImageWeightedCrossEntropyLoss`.

    Raises:
        ValueError: If the numbers of gates and of shape channels disagree,
            an option has none of its values, or two losses have one name.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        in_index: Sequence[int],
        low_level_index: int,
        low_level_channels: int,
        image_index: int = -1,
        stem_index: Optional[int] = None,
        stem_channels: int = 64,
        image_channels: int = 3,
        shape_channels: Sequence[int] = (64, 32, 16, 8),
        shape_stride: int = 1,
        dilations: Sequence[int] = (1, 12, 24, 36),
        low_level_projection: int = 48,
        image_gradient: ConfigType = dict(mode='canny'),
        loss_decode: ConfigType = dict(type='ImageWeightedCrossEntropyLoss'),
        loss_edge: OptConfigType = dict(type='BoundaryLoss', loss_weight=20.0),
        loss_dual: OptConfigType = dict(type='DualTaskLoss'),
        loss_attention: OptConfigType = dict(
            type='ImageWeightedCrossEntropyLoss'),
        edge_threshold: float = 0.8,
        edge_radius: float = 2,
        edge_resize: str = 'bilinear',
        with_bottleneck_norm: bool = False,
        stream_align_corners: bool = True,
        with_cp: bool = False,
        init_cfg: OptConfigType = dict(
            type='Kaiming', mode='fan_in', override=dict(name='conv_seg')),
        **kwargs,
    ) -> None:
        super().__init__(
            in_channels=list(in_channels),
            in_index=list(in_index),
            input_transform='multiple_select',
            loss_decode=loss_decode,
            init_cfg=init_cfg,
            **kwargs)
        if len(shape_channels) != len(in_channels) + 1:
            raise ValueError(
                'GSCNNHead.shape_channels must have one number more than '
                f'in_channels, but they are {tuple(shape_channels)} and '
                f'{tuple(in_channels)}.')
        if min(in_index) < 0 or low_level_index < 0:
            raise ValueError(
                'GSCNNHead.in_index and low_level_index must not be negative, '
                'since the last inputs are the stem and the image, but are '
                f'{tuple(in_index)} and {low_level_index}.')
        check_option('decode_head.edge_resize', edge_resize,
                     ('bilinear', 'area'))
        self.edge_resize = edge_resize
        self.low_level_index = low_level_index
        self.image_index = image_index
        self.stem_index = stem_index
        self.shape_stride = shape_stride
        self.edge_threshold = edge_threshold
        self.edge_radius = edge_radius
        self.stream_align_corners = stream_align_corners
        layer = dict(
            conv_cfg=self.conv_cfg,
            norm_cfg=self.norm_cfg,
            act_cfg=self.act_cfg)
        self.stem = None
        if stem_index is None:
            self.stem = ConvModule(
                image_channels, stem_channels, 3, padding=1, **layer)
        self.gatings = nn.ModuleList(
            nn.Conv2d(width, 1, 1) for width in in_channels)
        if stem_channels != shape_channels[0]:
            raise ValueError(
                'GSCNNHead.shape_channels must begin with stem_channels '
                f'{stem_channels} but is {tuple(shape_channels)}.')
        norm_cfg = self.norm_cfg or dict(type='BN')
        self.shape_stream = ShapeStream(shape_channels, norm_cfg, with_cp)
        self.image_gradient = ImageGradient(**image_gradient)
        self.combine = nn.Conv2d(2, 1, 1, bias=False)
        channels = self.channels
        self.image_pool = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            ConvModule(in_channels[-1], channels, 1, **layer))
        self.edge_conv = ConvModule(1, channels, 1, **layer)
        self.aspp_modules = ASPPModule(dilations, in_channels[-1], channels,
                                       **layer)
        branches = len(dilations) + 2
        if with_bottleneck_norm:
            self.bottleneck = nn.Sequential(
                ConvModule(branches * channels, channels, 1, **layer),
                nn.Dropout(0.1))
        else:
            self.bottleneck = nn.Conv2d(
                branches * channels, channels, 1, bias=False)
        self.low_level_conv = nn.Conv2d(
            low_level_channels, low_level_projection, 1, bias=False)
        self.decoder = nn.Sequential(
            ConvModule(
                channels + low_level_projection,
                channels,
                3,
                padding=1,
                **layer),
            ConvModule(channels, channels, 3, padding=1, **layer))
        self._build_losses(
            loss_edge=(loss_edge, 'loss_edge'),
            loss_dual=(loss_dual, 'loss_dual'),
            loss_attention=(loss_attention, 'loss_edge_attention'))

    def _build_losses(self, **parts: Tuple[OptConfigType, str]) -> None:
        """Set each part to the loss of its config and default name."""
        decode = self.loss_decode
        if not isinstance(decode, nn.ModuleList):
            decode = [decode]
        taken = {loss.loss_name for loss in decode}
        for part, (cfg, name) in parts.items():
            loss = None
            if cfg is not None:
                loss = MODELS.build({'loss_name': name, **cfg})
                # one would write its value over the other's
                if loss.loss_name in taken:
                    raise ValueError(
                        f'model.decode_head.{part}.loss_name must not be the '
                        "name of another of the head's losses but is "
                        f'{loss.loss_name!r}.')
                taken.add(loss.loss_name)
            setattr(self, part, loss)

    def _resize(self, maps: Tensor, size: Sequence[int]) -> Tensor:
        if tuple(maps.shape[2:]) == tuple(size):
            return maps
        return resize(
            maps,
            size=tuple(size),
            mode='bilinear',
            align_corners=self.stream_align_corners)

    def forward(self, inputs: Sequence[Tensor]) -> Tuple[Tensor, Tensor]:
        """Logits of the classes and of the boundaries.

        Args:
            inputs (Sequence[Tensor]): What
                :meth:`ShapeStreamEncoderDecoder.extract_feat` returns.

        Returns:
            tuple[Tensor, Tensor]: (N, K, h, w) at the size of the early
            features and (N, 1, H, W) at the size of the shape stream.
        """
        features = self._transform_inputs(inputs)
        image = inputs[self.image_index]
        edge = self._edge_logits(inputs, features, image)
        gradient = self._resize(self.image_gradient(image), edge.shape[2:])
        edges = torch.cat([edge.sigmoid(), gradient.to(edge)], dim=1)
        edges = self.combine(edges).sigmoid()
        size = features[-1].shape[2:]
        if self.edge_resize == 'area':
            edges = F.adaptive_avg_pool2d(edges, size)
        pyramid = torch.cat([
            self._resize(self.image_pool(features[-1]), size),
            self.edge_conv(self._resize(edges, size)),
            *self.aspp_modules(features[-1])
        ], 1)
        low_level = inputs[self.low_level_index]
        joined = torch.cat([
            self.low_level_conv(low_level),
            self._resize(self.bottleneck(pyramid), low_level.shape[2:])
        ], 1)
        return self.cls_seg(self.decoder(joined)), edge

    def _edge_logits(self, inputs: Sequence[Tensor],
                     features: Sequence[Tensor], image: Tensor) -> Tensor:
        size = [-(-side // self.shape_stride) for side in image.shape[2:]]
        if self.stem is None:
            shape = self._resize(inputs[self.stem_index], size)
        else:
            shape = self.stem(self._resize(image, size))
        gatings = [
            self._resize(conv(feature), size)
            for conv, feature in zip(self.gatings, features)
        ]
        return self.shape_stream(shape, gatings)

    def predict(self, inputs: Tuple[Tensor], batch_img_metas: List[dict],
                test_cfg: ConfigType) -> Tensor:
        """Logits of the classes at the size of the images."""
        return self.predict_by_feat(self.forward(inputs)[0], batch_img_metas)

    def loss_by_feat(self, seg_logits: Tuple[Tensor, Tensor],
                     batch_data_samples: SampleList) -> dict:
        """The four losses, of logits of classes and boundaries."""
        logits, edge = seg_logits
        label = self._stack_batch_gt(batch_data_samples).squeeze(1)
        logits = resize(
            logits,
            size=label.shape[1:],
            mode='bilinear',
            align_corners=self.align_corners)
        edge = self._resize(edge, label.shape[1:])
        losses = super().loss_by_feat(logits, batch_data_samples)
        if self.loss_edge is not None:
            truth = self._edge_truth(label, batch_data_samples)
            losses[self.loss_edge.loss_name] = self.loss_edge(
                edge.float(), truth)
        if self.loss_dual is not None:
            losses[self.loss_dual.loss_name] = self.loss_dual(
                logits, label, ignore_index=self.ignore_index)
        if self.loss_attention is not None:
            inside = edge.detach().squeeze(1).sigmoid() <= self.edge_threshold
            losses[self.loss_attention.loss_name] = self.loss_attention(
                logits,
                label.masked_fill(inside, self.ignore_index),
                ignore_index=self.ignore_index)
        return losses

    def _edge_truth(self, label: Tensor, samples: SampleList) -> Tensor:
        if all('gt_edge_map' in sample for sample in samples):
            return torch.stack([s.gt_edge_map.data
                                for s in samples]).squeeze(1)
        return boundary_map(label, self.edge_radius, self.ignore_index).long()
