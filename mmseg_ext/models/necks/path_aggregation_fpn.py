from typing import List, Sequence, Tuple, Union

import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmdet.models.necks import FPN
from mmdet.registry import MODELS
from mmdet.utils import OptConfigType
from torch import Tensor, nn

_ON_OUTPUT = 'on_output'


@MODELS.register_module()
class PathAggregationFPN(FPN):
    """FPN with the bottom-up path of PANet above it.

    ``N2 = P2`` and ``N{i+1} = conv3x3(P{i+1} + conv3x3_stride2(N{i}))``, each
    convolution with norm and activation of its own: a level receives the
    *final* map below it. mmdet's ``PAFPN`` passes on the sum instead, so that
    its weights mean something else and are refused. Extra levels come from
    the highest N where FPN takes them from its outputs. Of `Path Aggregation
    Network <https://arxiv.org/abs/1803.01534>`_, section 3.1.

    Args:
        in_channels (Sequence[int]): Channels of the maps of the backbone.
        out_channels (int): Channels of every output.
        num_outs (int): Number of outputs.
        bottom_up_norm_cfg (dict, optional): Norm of the bottom-up path.
            Defaults to None.
        bottom_up_act_cfg (dict, optional): Activation of the bottom-up path.
            Defaults to ``dict(type='ReLU')``.
        bottom_up_bias (bool or str): Bias of its convolutions; ``'auto'`` is
            one where there is no norm. Defaults to 'auto'.
        add_extra_convs (bool or str): As of ``FPN``. Defaults to False.
        **kwargs: Further arguments of ``FPN``.

    Raises:
        ValueError: If a map of the backbone has not half the size, rounded
            up, of the one below it, or weights of ``PAFPN`` are loaded.
    """

    def __init__(self,
                 in_channels: Sequence[int],
                 out_channels: int,
                 num_outs: int,
                 bottom_up_norm_cfg: OptConfigType = None,
                 bottom_up_act_cfg: OptConfigType = dict(type='ReLU'),
                 bottom_up_bias: Union[bool, str] = 'auto',
                 add_extra_convs: Union[bool, str] = False,
                 **kwargs) -> None:
        # Extra convolutions on the output read the highest N, so they are not
        # left to the parent.
        self._extra_on_output = add_extra_convs == _ON_OUTPUT
        super().__init__(
            in_channels=list(in_channels),
            out_channels=out_channels,
            num_outs=num_outs,
            add_extra_convs=(False
                             if self._extra_on_output else add_extra_convs),
            **kwargs)
        self.num_levels = len(self.lateral_convs)
        if self._extra_on_output:
            for _ in range(num_outs - self.num_levels):
                self.fpn_convs.append(
                    ConvModule(
                        out_channels,
                        out_channels,
                        3,
                        stride=2,
                        padding=1,
                        conv_cfg=kwargs.get('conv_cfg'),
                        norm_cfg=kwargs.get('norm_cfg'),
                        act_cfg=kwargs.get('act_cfg'),
                        inplace=False))

        def layer(stride: int) -> ConvModule:
            return ConvModule(
                out_channels,
                out_channels,
                3,
                stride=stride,
                padding=1,
                bias=bottom_up_bias,
                conv_cfg=kwargs.get('conv_cfg'),
                norm_cfg=bottom_up_norm_cfg,
                act_cfg=bottom_up_act_cfg,
                inplace=False)

        steps = range(self.num_levels - 1)
        self.downsample_convs = nn.ModuleList(layer(stride=2) for _ in steps)
        self.bottom_up_convs = nn.ModuleList(layer(stride=1) for _ in steps)

    def forward(self, inputs: Tuple[Tensor]) -> Tuple[Tensor]:
        """Top-down path, bottom-up path and extra levels.

        Args:
            inputs (tuple[Tensor]): Maps of the backbone, (B, C_i, H_i, W_i),
                fine to coarse.

        Returns:
            tuple[Tensor]: N2, N3, ... and the extra levels, each with
            ``out_channels`` channels.
        """
        outputs = super().forward(inputs)
        levels = [outputs[0]]
        paths = zip(outputs[1:], self.downsample_convs, self.bottom_up_convs)
        for top_down, downsample, bottom_up in paths:
            below = downsample(levels[-1])
            if below.shape != top_down.shape:
                raise ValueError(_describe(len(levels), levels[-1], top_down))
            levels.append(bottom_up(top_down + below))
        return tuple(levels + self._extra_levels(levels, outputs))

    def _extra_levels(self, levels: Sequence[Tensor],
                      outputs: Sequence[Tensor]) -> List[Tensor]:
        extra = []
        if self._extra_on_output:
            source = levels[-1]
            for conv in self.fpn_convs[self.num_levels:]:
                if extra and self.relu_before_extra_convs:
                    source = F.relu(source)
                source = conv(source)
                extra.append(source)
        elif self.add_extra_convs:  # they do not read the outputs
            extra = list(outputs[self.num_levels:])
        else:
            for _ in range(self.num_outs - self.num_levels):
                top = extra[-1] if extra else levels[-1]
                extra.append(F.max_pool2d(top, 1, stride=2))
        return extra

    def _load_from_state_dict(self, state_dict, prefix, *args,
                              **kwargs) -> None:
        if any(key.startswith(f'{prefix}pafpn_convs.') for key in state_dict):
            raise ValueError(
                f'The checkpoint has weights of {prefix[:-1] or "a neck"} of '
                'the type PAFPN, which adds up its levels in another way than '
                'PathAggregationFPN: they would give wrong features; train '
                "anew, or use neck=dict(type='PAFPN').")
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def _describe(index: int, below: Tensor, found: Tensor) -> str:
    height, width = below.shape[2:]
    return (f'Input {index} of PathAggregationFPN is of size '
            f'{tuple(found.shape[2:])}, but input {index - 1}, '
            f'{(height, width)}, needs one of half the size, '
            f'{((height + 1) // 2, (width + 1) // 2)}: name maps of the '
            'backbone whose strides double.')
