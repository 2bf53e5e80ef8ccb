from typing import Optional

from mmcv.cnn import ConvModule, build_norm_layer
from mmdet.models.roi_heads.bbox_heads import ConvFCBBoxHead
from mmdet.registry import MODELS
from mmdet.utils import OptConfigType, OptMultiConfig
from torch import Tensor, nn

from .level_fusion import check_fusion, fuse, split_levels


class FCModule(nn.Module):
    """Linear layer, norm and ReLU.

    Args:
        in_channels (int): Length of the input.
        out_channels (int): Length of the output.
        norm_cfg (dict, optional): Norm layer, of any kind for images.
            Defaults to None.
        with_relu (bool): Whether a ReLU ends it. Defaults to True.
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int,
                 norm_cfg: OptConfigType = None,
                 with_relu: bool = True) -> None:
        super().__init__()
        self.fc = nn.Linear(in_channels, out_channels)
        self.norm_name: Optional[str] = None
        if norm_cfg is not None:
            self.norm_name, norm = build_norm_layer(norm_cfg, out_channels)
            self.add_module(self.norm_name, norm)
        self.with_relu = with_relu

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layers.

        Args:
            x (Tensor): (R, ...) of ``in_channels`` numbers each.

        Returns:
            Tensor: (R, out_channels).
        """
        x = self.fc(x.flatten(1))
        if self.norm_name is not None:
            # As an image of one pixel: batch norm for images refuses vectors.
            x = getattr(self, self.norm_name)(x[..., None, None]).flatten(1)
        return x.relu() if self.with_relu else x


@MODELS.register_module()
class AdaptivePoolingBBoxHead(ConvFCBBoxHead):
    """Box head whose first shared layer is one for each level, then fused.

    Takes what ``AdaptiveFeaturePooling`` pools. The default is the heavier
    head of the paper: four convolutions, the first of them per level, and one
    fully connected layer. ``fusion_layer='fc', num_shared_convs=0,
    num_shared_fcs=2`` is its head of two fully connected layers. Of `Path
    Aggregation Network <https://arxiv.org/abs/1803.01534>`_, section 3.2.

    Args:
        num_levels (int): Levels of a RoI; with 1 it takes features of any
            extractor. Defaults to 4.
        fusion (str): ``'max'`` or ``'sum'``. Defaults to 'max'.
        fusion_layer (str): Kind of the layer per level, ``'conv'`` or
            ``'fc'``. Defaults to 'conv'.
        num_shared_convs (int): Shared convolutions, the one per level
            included. Defaults to 4.
        num_shared_fcs (int): Shared fully connected layers, the one per level
            included. Defaults to 1.
        fc_norm_cfg (dict, optional): Norm of the shared fully connected
            layers. Defaults to None.
        norm_cfg (dict, optional): Norm of the convolutions. Defaults to None.
        init_cfg (dict or list[dict], optional): Defaults to Xavier for the
            shared fully connected layers.
        **kwargs: As of ``ConvFCBBoxHead``.

    Raises:
        ValueError: If there is no layer of the kind ``fusion_layer``, or the
            features have another number of levels.
    """

    def __init__(self,
                 num_levels: int = 4,
                 fusion: str = 'max',
                 fusion_layer: str = 'conv',
                 num_shared_convs: int = 4,
                 num_shared_fcs: int = 1,
                 fc_norm_cfg: OptConfigType = None,
                 norm_cfg: OptConfigType = None,
                 init_cfg: OptMultiConfig = None,
                 **kwargs) -> None:
        name = type(self).__name__
        check_fusion(name, fusion, num_levels)
        if fusion_layer not in ('conv', 'fc'):
            raise ValueError(f"{name}.fusion_layer must be 'conv' or 'fc' but "
                             f'is {fusion_layer!r}.')
        if fusion_layer == 'conv' and num_shared_convs < 1:
            raise ValueError(f"{name}.fusion_layer='conv' needs "
                             'num_shared_convs >= 1.')
        if fusion_layer == 'fc' and (num_shared_convs or num_shared_fcs < 1
                                     or kwargs.get('with_avg_pool')):
            raise ValueError(
                f"{name}.fusion_layer='fc' needs num_shared_convs=0, "
                'num_shared_fcs >= 1 and with_avg_pool=False.')
        # Read by _add_conv_fc_branch, which the parent calls.
        self.num_levels = num_levels
        self.fusion = fusion
        self.fusion_layer = fusion_layer
        self.fc_norm_cfg = fc_norm_cfg
        super().__init__(
            num_shared_convs=num_shared_convs,
            num_shared_fcs=num_shared_fcs,
            norm_cfg=norm_cfg,
            init_cfg=init_cfg,
            **kwargs)
        if init_cfg is None:
            # The stock Xavier would take norms for linear layers.
            self.init_cfg = [
                dict(type='Xavier', distribution='uniform', layer='Linear'),
                *(cfg for cfg in self.init_cfg if cfg['type'] == 'Normal')
            ]

    def _add_conv_fc_branch(self,
                            num_branch_convs: int,
                            num_branch_fcs: int,
                            in_channels: int,
                            is_shared: bool = False) -> tuple:
        if not is_shared:
            return super()._add_conv_fc_branch(num_branch_convs,
                                               num_branch_fcs, in_channels)
        if self.fusion_layer == 'conv':
            self.level_layers = nn.ModuleList(
                ConvModule(
                    in_channels,
                    self.conv_out_channels,
                    3,
                    padding=1,
                    conv_cfg=self.conv_cfg,
                    norm_cfg=self.norm_cfg) for _ in range(self.num_levels))
            convs, fcs, channels = super()._add_conv_fc_branch(
                num_branch_convs - 1, num_branch_fcs, self.conv_out_channels,
                True)
        else:
            self.level_layers = nn.ModuleList(
                FCModule(in_channels * self.roi_feat_area,
                         self.fc_out_channels, self.fc_norm_cfg)
                for _ in range(self.num_levels))
            channels = self.fc_out_channels
            convs, fcs = nn.ModuleList(), nn.ModuleList(
                nn.Linear(channels, channels)
                for _ in range(num_branch_fcs - 1))
        if self.fc_norm_cfg is not None:
            # The parent's forward has the ReLU.
            fcs = nn.ModuleList(
                FCModule(fc.in_features, fc.out_features, self.fc_norm_cfg,
                         False) for fc in fcs)
        return convs, fcs, channels

    def fuse_levels(self, x: Tensor) -> Tensor:
        """First layers of all levels, and their fusion.

        Args:
            x (Tensor): Pooled features, (R, L, C, h, w).

        Returns:
            Tensor: (R, conv_out_channels, h, w) or (R, fc_out_channels).
        """
        levels = split_levels(x, self.num_levels, 'roi_head.bbox_head',
                              'roi_head.bbox_roi_extractor')
        return fuse(levels, self.level_layers, self.fusion)

    def forward(self, x: Tensor) -> tuple:
        """Classify boxes and refine them.

        Args:
            x (Tensor): Pooled features, (R, L, C, h, w).

        Returns:
            tuple[Tensor]: Class scores, (R, K + 1), and box deltas, (R, 4 K).
        """
        return super().forward(self.fuse_levels(x))

    def loss(self, cls_score: Optional[Tensor], bbox_pred: Optional[Tensor],
             *args, **kwargs) -> dict:
        """Losses of the RoIs, all of them also where there is no RoI.

        Args:
            cls_score (Tensor, optional): Class scores, (R, K + 1).
            bbox_pred (Tensor, optional): Box deltas, (R, 4 K).
            *args: Further arguments of ``BBoxHead.loss``.
            **kwargs: The same by name.

        Returns:
            dict[str, Tensor]: The losses; a zero that is connected to the
            graph for none.
        """
        losses = super().loss(cls_score, bbox_pred, *args, **kwargs)
        # The stock head leaves them out, and ranks would differ.
        for name, found in (('loss_cls', cls_score), ('loss_bbox', bbox_pred)):
            if found is not None and found.numel() == 0:
                losses.setdefault(name, found.sum())
        return losses
