"""Checkpoints of the official FastFCN code."""
from typing import Mapping

import torch
from torch import Tensor

from .official_checkpoint import StateDict, rename_keys

_BACKBONE = {
    r'pretrained\.conv1': r'backbone.stem',
    r'pretrained\.bn1': r'backbone.stem.7',
    r'pretrained\.(layer\d)': r'backbone.\1',
}
_LAYER = ('conv', 'bn')
_SEPARABLE = {
    r'0\.conv1': 'depthwise_conv.conv',
    r'0\.bn': 'depthwise_conv.bn',
    r'0\.pointwise': 'pointwise_conv.conv',
    r'1': 'pointwise_conv.bn',
}
_JPU = {}
for _level in range(3):
    for _i, _part in enumerate(_LAYER):
        _JPU[rf'jpu\.conv{_level + 3}\.{_i}'] = (
            f'neck.conv_layers.{_level}.0.{_part}')
for _rate in range(4):
    for _theirs, _ours in _SEPARABLE.items():
        _JPU[rf'jpu\.dilation{_rate + 1}\.{_theirs}'] = (
            f'neck.dilation_layers.{_rate}.0.{_ours}')
_AUXILIARY = {
    r'auxlayer\.conv5\.0': r'auxiliary_head.convs.0.conv',
    r'auxlayer\.conv5\.1': r'auxiliary_head.convs.0.bn',
    r'auxlayer\.conv5\.4': r'auxiliary_head.conv_seg',
}
_ENC = {
    r'head\.conv5\.0': r'decode_head.bottleneck.conv',
    r'head\.conv5\.1': r'decode_head.bottleneck.bn',
    r'head\.encmodule\.encoding\.0':
    r'decode_head.enc_module.encoding_project.conv',
    r'head\.encmodule\.encoding\.1':
    r'decode_head.enc_module.encoding_project.bn',
    r'head\.encmodule\.encoding\.3': r'decode_head.enc_module.encoding.0',
    r'head\.encmodule\.encoding\.4': r'decode_head.enc_module.encoding.1',
    r'head\.encmodule\.fc\.0': r'decode_head.enc_module.fc.0',
    r'head\.encmodule\.selayer': r'decode_head.se_layer',
    r'head\.conv6\.1': r'decode_head.conv_seg',
}
_PSP = {
    r'head\.conv5\.1': r'decode_head.bottleneck.conv',
    r'head\.conv5\.2': r'decode_head.bottleneck.bn',
    r'head\.conv5\.5': r'decode_head.conv_seg',
}
_DEEPLAB = {
    r'head\.aspp\.b4\.gap\.1': r'decode_head.image_pool.1.conv',
    r'head\.aspp\.b4\.gap\.2': r'decode_head.image_pool.1.bn',
    r'head\.aspp\.project\.0': r'decode_head.bottleneck.0.conv',
    r'head\.aspp\.project\.1': r'decode_head.bottleneck.0.bn',
    r'head\.block\.0': r'decode_head.bottleneck.2.conv',
    r'head\.block\.1': r'decode_head.bottleneck.2.bn',
    r'head\.block\.4': r'decode_head.conv_seg',
}
for _branch in range(4):
    for _i, _part in enumerate(_LAYER):
        _PSP[rf'head\.conv5\.0\.conv{_branch + 1}\.{_i}'] = (
            f'decode_head.psp_modules.{_branch}.1.{_part}')
        _DEEPLAB[rf'head\.aspp\.b{_branch}\.{_i}'] = (
            f'decode_head.aspp_modules.{_branch}.{_part}')


def convert_fastfcn(state_dict: Mapping[str, Tensor]) -> StateDict:
    """Convert a state dict of the official FastFCN code.

    There JPU joins its levels from the smallest map to the largest, and
    DeepLabV3 joins the pooled branch last; here it is the other way round, so
    that channels of the next layers are moved.

    Args:
        state_dict (Mapping[str, Tensor]): The official weights.

    Returns:
        dict[str, Tensor]: Weights of an ``EncoderDecoder`` with ``ResNetV1c``
        of ``stem_channels=128``, ``UndilatedJPU``, and ``EfficientEncHead``
        (``bottleneck_kernel_size=1``), ``PSPHead`` or ``ProjectedASPPHead``.

    Raises:
        ValueError: If a weight is none of the official code, or JPU is
            missing.
    """
    names = {key.removeprefix('module.') for key in state_dict}
    if not any(name.startswith('jpu.') for name in names):
        raise ValueError('SRC has another layout than the official code: it '
                         'lacks the weights of JPU.')
    head = _PSP
    if any(name.startswith('head.encmodule.') for name in names):
        head = _ENC
    elif any(name.startswith('head.aspp.') for name in names):
        head = _DEEPLAB
    renamed = rename_keys(
        state_dict,
        _BACKBONE | _JPU | _AUXILIARY | head,
        dropped=['pretrained.fc'])
    for key, value in renamed.items():
        if '.depthwise_conv.' in key and value.ndim:
            renamed[key] = _reverse_levels(value, dim=0)
        elif key.endswith('.pointwise_conv.conv.weight'):
            renamed[key] = _reverse_levels(value, dim=1)
        elif key == 'decode_head.bottleneck.0.conv.weight':
            # of five branches the last one comes first
            renamed[key] = value.roll(value.shape[1] // 5, dims=1)
    renamed['neck.undilated'] = torch.ones((), dtype=torch.bool)
    return renamed


def _reverse_levels(value: Tensor, dim: int) -> Tensor:
    return torch.cat(value.chunk(3, dim)[::-1], dim)
