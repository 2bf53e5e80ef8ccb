from mmcv.cnn import ConvModule, build_activation_layer
from mmdet.models.roi_heads.mask_heads import FCNMaskHead
from mmdet.registry import MODELS
from mmdet.utils import ConfigType, OptConfigType
from mmengine.model import ModuleList
from torch import Tensor, nn

from .level_fusion import check_fusion, fuse, split_levels


@MODELS.register_module()
class FullyConnectedFusionMaskHead(FCNMaskHead):
    """FCN mask head with a first layer per level and a fully connected path.

    The path leaves the main one behind convolution ``fc_source_conv``, halves
    the channels, and one linear layer makes a foreground mask for all classes
    of it, which is added to the logits of each class. Of `Path Aggregation
    Network <https://arxiv.org/abs/1803.01534>`_, section 3.3.

    Args:
        num_convs (int): Convolutions of the main path, the one per level
            included. Defaults to 4.
        num_levels (int): Levels of a RoI; with 1 it takes features of any
            extractor. Defaults to 4.
        fusion (str): ``'max'`` or ``'sum'``. Defaults to 'max'.
        fc_fusion (bool): Whether there is a fully connected path. Defaults to
            True.
        fc_source_conv (int): The convolution it reads, counted from 1.
            Defaults to 3.
        fc_act_cfg (dict, optional): Activation of its result; the official
            code has a ReLU, the paper none. Defaults to None.
        roi_feat_size (int or tuple[int]): Height and width of the features;
            the linear layer is made for it. Defaults to 14.
        in_channels (int): Channels of a level. Defaults to 256.
        conv_out_channels (int): Channels of the main path. Defaults to 256.
        upsample_cfg (dict): As of ``FCNMaskHead``. Defaults to ``dict(
            type='deconv', scale_factor=2)``.
        conv_cfg (dict, optional): Defaults to None.
        norm_cfg (dict, optional): Norm of all convolutions. Defaults to None.
        **kwargs: As of ``FCNMaskHead``.

    Raises:
        ValueError: If a number is out of range, or the features have another
            number of levels or size.
    """

    def __init__(self,
                 num_convs: int = 4,
                 num_levels: int = 4,
                 fusion: str = 'max',
                 fc_fusion: bool = True,
                 fc_source_conv: int = 3,
                 fc_act_cfg: OptConfigType = None,
                 roi_feat_size: int = 14,
                 in_channels: int = 256,
                 conv_out_channels: int = 256,
                 conv_kernel_size: int = 3,
                 upsample_cfg: ConfigType = dict(
                     type='deconv', scale_factor=2),
                 conv_cfg: OptConfigType = None,
                 norm_cfg: OptConfigType = None,
                 **kwargs) -> None:
        name = type(self).__name__
        check_fusion(name, fusion, num_levels)
        if num_convs < 1:
            raise ValueError(f'{name}.num_convs must be 1 or more but is '
                             f'{num_convs}.')
        if fc_fusion and not 1 <= fc_source_conv <= num_convs:
            raise ValueError(
                f'{name}.fc_source_conv must be from 1 to num_convs='
                f'{num_convs} but is {fc_source_conv}.')
        super().__init__(
            num_convs=num_convs - 1,
            roi_feat_size=roi_feat_size,
            in_channels=conv_out_channels,
            conv_kernel_size=conv_kernel_size,
            conv_out_channels=conv_out_channels,
            upsample_cfg=upsample_cfg,
            conv_cfg=conv_cfg,
            norm_cfg=norm_cfg,
            **kwargs)
        self.num_convs = num_convs
        self.in_channels = in_channels
        self.num_levels = num_levels
        self.fusion = fusion
        self.fc_fusion = fc_fusion
        self.fc_source_conv = fc_source_conv

        def conv(inputs: int, outputs: int) -> ConvModule:
            return ConvModule(
                inputs,
                outputs,
                conv_kernel_size,
                padding=(conv_kernel_size - 1) // 2,
                conv_cfg=conv_cfg,
                norm_cfg=norm_cfg)

        self.level_layers = ModuleList(
            conv(in_channels, conv_out_channels) for _ in range(num_levels))
        if fc_fusion:
            half = conv_out_channels // 2
            self.fc_convs = ModuleList([
                conv(conv_out_channels, conv_out_channels),
                conv(conv_out_channels, half)
            ])
            height, width = self.roi_feat_size
            scale = 1 if self.upsample is None else self.scale_factor
            self.mask_size = (height * scale, width * scale)
            self.mask_fc = nn.Linear(half * height * width,
                                     self.mask_size[0] * self.mask_size[1])
            self.fc_activate = (
                nn.Identity()
                if fc_act_cfg is None else build_activation_layer(fc_act_cfg))

    def init_weights(self) -> None:
        """Initialise the weights."""
        super().init_weights()
        if self.fc_fusion:
            nn.init.normal_(self.mask_fc.weight, std=0.01)
            nn.init.zeros_(self.mask_fc.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Predict masks.

        Args:
            x (Tensor): Pooled features, (R, L, C, h, w).

        Returns:
            Tensor: Logits, (R, K, 2 h, 2 w), or as ``upsample_cfg`` says.
        """
        levels = split_levels(x, self.num_levels, 'roi_head.mask_head',
                              'roi_head.mask_roi_extractor')
        x = fuse(levels, self.level_layers, self.fusion)
        if not self.fc_fusion:
            return super().forward(x)
        if x.shape[2:] != self.roi_feat_size:
            raise ValueError(
                'roi_head.mask_head.roi_feat_size is '
                f'{tuple(self.roi_feat_size)}, but roi_head.mask_roi_extractor'
                f' pools {tuple(x.shape[2:])}: make roi_layer.output_size and '
                'roi_feat_size equal.')
        # The first convolution was the one per level.
        for index, conv in enumerate((nn.Identity(), *self.convs), start=1):
            x = conv(x)
            if index == self.fc_source_conv:
                foreground = self._foreground(x)
        # As in the parent.
        if self.upsample is not None:
            x = self.upsample(x)
            if self.upsample_method == 'deconv':
                x = self.relu(x)
        return self.conv_logits(x) + foreground

    def _foreground(self, x: Tensor) -> Tensor:
        for conv in self.fc_convs:
            x = conv(x)
        mask = self.fc_activate(self.mask_fc(x.flatten(1)))
        return mask.view(mask.shape[0], 1, *self.mask_size)
