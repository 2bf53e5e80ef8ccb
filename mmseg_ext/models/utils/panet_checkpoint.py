"""Checkpoints of the official re-implementation of PANet."""
from typing import Mapping

import torch
from torch import Tensor

from .official_checkpoint import StateDict, rename_keys

# Of the frozen batch norm, which the official code has as a scale and a shift.
EPS = 1e-5

_RPN = {
    r'RPN\.FPN_RPN_conv': 'rpn_head.rpn_conv',
    r'RPN\.FPN_RPN_cls_score': 'rpn_head.rpn_cls',
    r'RPN\.FPN_RPN_bbox_pred': 'rpn_head.rpn_reg',
}
_BACKBONE = {
    r'Conv_Body\.conv_body\.res1\.(conv1|bn1)': r'backbone.\1'
} | {
    rf'Conv_Body\.conv_body\.res{stage + 1}\.(\d+)':
    rf'backbone.layer{stage}.'
    r'\1'
    for stage in range(1, 5)
}
_BOX = {
    r'Box_Head\.fc': 'roi_head.bbox_head.shared_fcs.0',
    r'Box_Head\.fc1\.(\d)\.0': r'roi_head.bbox_head.level_layers.\1.fc',
    r'Box_Head\.fc1\.(\d)\.1': r'roi_head.bbox_head.level_layers.\1.gn',
    r'Box_Head\.fc2\.0': 'roi_head.bbox_head.shared_fcs.0.fc',
    r'Box_Head\.fc2\.1': 'roi_head.bbox_head.shared_fcs.0.gn',
    r'Box_Outs\.cls_score': 'roi_head.bbox_head.fc_cls',
    r'Box_Outs\.bbox_pred': 'roi_head.bbox_head.fc_reg',
}
_MASK = {
    r'Mask_Head\.upconv': 'roi_head.mask_head.upsample',
    r'Mask_Head\.mask_fc\.0': 'roi_head.mask_head.mask_fc',
    r'Mask_Outs\.classify': 'roi_head.mask_head.conv_logits',
}
_NECK = {}
for _i, _part in enumerate(('conv', 'gn')):
    _NECK[rf'Conv_Body\.conv_top\.{_i}'] = f'neck.lateral_convs.3.{_part}'
    for _step in range(3):  # from the coarsest level down
        _NECK[rf'Conv_Body\.topdown_lateral_modules\.{_step}\.conv_lateral'
              rf'\.{_i}'] = f'neck.lateral_convs.{2 - _step}.{_part}'
        for _number, _ours in ((1, 'downsample_convs'), (2,
                                                         'bottom_up_convs')):
            _NECK[rf'Conv_Body\.panet_buttomup_conv{_number}_modules'
                  rf'\.{_step}\.{_i}'] = f'neck.{_ours}.{_step}.{_part}'
    for _step in range(4):
        _NECK[rf'Conv_Body\.posthoc_modules\.{_step}\.{_i}'] = (
            f'neck.fpn_convs.{3 - _step}.{_part}')
    _BOX[rf'Box_Head\.conv1_head\.(\d)\.{_i}'] = (
        rf'roi_head.bbox_head.level_layers.\1.{_part}')
    for _step in range(3):  # a ReLU is the third of each
        _BOX[rf'Box_Head\.convs\.{3 * _step + _i}'] = (
            f'roi_head.bbox_head.shared_convs.{_step}.{_part}')
    _MASK[rf'Mask_Head\.mask_conv1\.(\d)\.{_i}'] = (
        rf'roi_head.mask_head.level_layers.\1.{_part}')
    for _theirs, _ours in ((rf'conv_fcn\.{_i}',
                            'convs.0'), (rf'conv_fcn\.{3 + _i}', 'convs.1'),
                           (rf'mask_conv4\.{_i}', 'convs.2'),
                           (rf'mask_conv4_fc\.{_i}', 'fc_convs.0'),
                           (rf'mask_conv5_fc\.{_i}', 'fc_convs.1')):
        _MASK[rf'Mask_Head\.{_theirs}'] = (
            f'roi_head.mask_head.{_ours}.{_part}')


def convert_panet(state_dict: Mapping[str, Tensor]) -> StateDict:
    """Convert a state dict of the official PANet code, with or without masks.

    There the background is the first class of the box head, here the last;
    its boxes and its mask, which are never trained, are left out. The frozen
    batch norm gets statistics under which it is the same scale and shift.

    Args:
        state_dict (Mapping[str, Tensor]): The official weights.

    Returns:
        dict[str, Tensor]: Weights of the models of
        ``configs/panet/*_official.py``.

    Raises:
        ValueError: If a weight is none of the official code.
    """
    names = {key.removeprefix('module.') for key in state_dict}
    if any('pafpn_convs.' in name for name in names):
        raise ValueError(
            'SRC is a checkpoint of a model of MMDetection with the neck '
            'PAFPN, which adds up its levels in another way; it cannot be '
            'converted.')
    if not any('panet_buttomup_conv1_modules.' in name for name in names):
        raise ValueError('SRC has another layout than the official code: it '
                         'lacks the weights of the bottom-up path.')
    renamed = rename_keys(state_dict, _BACKBONE | _NECK | _RPN | _BOX | _MASK)
    for key in list(renamed):
        value = renamed[key]
        if '.fc_cls.' in key:
            renamed[key] = torch.cat([value[1:], value[:1]])
        elif '.fc_reg.' in key:
            renamed[key] = value[4:]
        elif '.conv_logits.' in key:
            renamed[key] = value[1:]
        elif _is_backbone_norm(key) and key.endswith('.weight'):
            stem = key.removesuffix('weight')
            renamed[f'{stem}running_mean'] = torch.zeros_like(value)
            renamed[f'{stem}running_var'] = torch.full_like(value, 1 - EPS)
            renamed[f'{stem}num_batches_tracked'] = torch.tensor(0)
    return renamed


def _is_backbone_norm(key: str) -> bool:
    return key.startswith('backbone.') and ('.bn' in key
                                            or '.downsample.1.' in key)
