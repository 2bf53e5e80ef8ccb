"""Weights of PSSL in the layouts of PaddleSeg."""
import re
from typing import Dict, List, Mapping, Tuple

import torch
from torch import Tensor

from .official_checkpoint import StateDict, rename_keys

# PaddleSeg's layer of convolution, normalisation and ReLU, and ours.
_LAYER = {r'_conv': 'conv', r'_batch_norm': 'bn'}

_PSPNET = {
    r'backbone\.bb_(\d)_(\d+)\.short\._conv': r'layer\1.\2.downsample.1',
    r'backbone\.bb_(\d)_(\d+)\.short\._batch_norm': r'layer\1.\2.downsample.2',
    r'head\.conv': 'decode_head.conv_seg',
    r'head\.auxlayer\.conv': 'auxiliary_head.conv_seg',
}
for _i in range(3):
    _PSPNET[rf'backbone\.conv1_{_i + 1}\._conv'] = f'backbone.stem.{3 * _i}'
    _PSPNET[rf'backbone\.conv1_{_i + 1}\._batch_norm'] = (
        f'backbone.stem.{3 * _i + 1}')
    for _theirs, _ours in _LAYER.items():
        _PSPNET[rf'backbone\.bb_(\d)_(\d+)\.conv{_i}\.{_theirs}'] = (
            rf'layer\1.\2.{_ours}{_i + 1}')
for _theirs, _ours in _LAYER.items():
    _PSPNET[rf'head\.psp_module\.stages\.(\d)\.1\.{_theirs}'] = (
        rf'decode_head.psp_modules.\1.1.{_ours}')
    _PSPNET[rf'head\.psp_module\.conv_bn_relu2\.{_theirs}'] = (
        rf'decode_head.bottleneck.{_ours}')
    _PSPNET[rf'head\.auxlayer\.conv_bn_relu\.{_theirs}'] = (
        rf'auxiliary_head.convs.0.{_ours}')

_STDC = {
    r'ffm\.conv1': 'backbone.ffm.attention.1.conv',
    r'ffm\.conv2': 'backbone.ffm.attention.2.conv',
}
for _number, _arm in enumerate(('32', '16')):
    _STDC[rf'cp\.arm{_arm}\.conv_atten'] = (
        f'backbone.arms.{_number}.atten_conv_layer.1.conv')
    _STDC[rf'cp\.arm{_arm}\.bn_atten'] = (
        f'backbone.arms.{_number}.atten_conv_layer.1.bn')
for _theirs, _ours in _LAYER.items():
    for _number, _arm in enumerate(('32', '16')):
        _STDC[rf'cp\.arm{_arm}\.conv\.{_theirs}'] = (
            f'backbone.arms.{_number}.conv_layer.{_ours}')
        _STDC[rf'cp\.conv_head{_arm}\.{_theirs}'] = (
            f'backbone.convs.{_number}.{_ours}')
    _STDC[rf'cp\.conv_avg\.{_theirs}'] = f'backbone.conv_avg.{_ours}'
    _STDC[rf'ffm\.convblk\.{_theirs}'] = f'backbone.ffm.conv0.{_ours}'
    for _module, _head in (('conv_out', 'decode_head'), ('conv_out8',
                                                         'auxiliary_head.0'),
                           ('conv_out16', 'auxiliary_head.1')):
        _STDC[rf'{_module}\.conv\.{_theirs}'] = f'{_head}.convs.0.{_ours}'
# Blocks of three stages, by the depth of the network.
_STDC_BLOCKS = {14: (4, 5, 3), 8: (2, 2, 2)}
_STDC_DROPPED = ('conv_out.conv_out', 'conv_out8.conv_out',
                 'conv_out16.conv_out', 'conv_out_sp16', 'conv_out_sp8',
                 'conv_out_sp4', 'conv_out_sp2', 'cp.backbone.conv_last')


def convert_pssl(
        state_dict: Mapping[str, Tensor]) -> Tuple[StateDict, List[str], dict]:
    """Convert weights of PaddleSeg's PSPNet or STDC-Seg.

    Args:
        state_dict (Mapping[str, Tensor]): The official weights.

    Returns:
        tuple: Weights of an ``EncoderDecoder`` without its classifiers; the
        names of what is left out of the segmentor; and, by name, the largest
        absolute value of every weight that has no place in it.

    Raises:
        ValueError: If the layout is another one.
    """
    if any(key.startswith('cp.') for key in state_dict):
        return _convert_stdc(state_dict)
    if any(key.startswith('head.psp_module.') for key in state_dict):
        return _convert_pspnet(state_dict)
    raise ValueError('SRC is neither a PSPNet (head.psp_module) nor an '
                     'STDC-Seg (cp) of PaddleSeg; PP-LiteSeg has no '
                     'counterpart in MMSegmentation.')


def _convert_pspnet(state_dict):
    renamed = _rename(state_dict, _PSPNET)

    # stages count from 0 there
    def of_backbone(found):
        return f'backbone.layer{int(found.group(1)) + 1}.'

    renamed = {
        re.sub(r'^layer(\d)\.', of_backbone, key): value
        for key, value in renamed.items()
    }
    key = 'decode_head.bottleneck.conv.weight'
    pooled = renamed['decode_head.psp_modules.0.1.conv.weight'].shape[0]
    scales = sum('psp_modules' in name and name.endswith('conv.weight')
                 for name in renamed)
    # behind the input its pooled maps follow from the finest one to the
    # coarsest; here it is the other way round
    head, *maps = renamed[key].split(
        [renamed[key].shape[1] - scales * pooled] + [pooled] * scales, 1)
    renamed[key] = torch.cat([head, *maps[::-1]], 1)
    dropped = [
        f'{head}.conv_seg.{part}' for head in ('decode_head', 'auxiliary_head')
        for part in ('weight', 'bias')
    ]
    for name in dropped:
        renamed.pop(name, None)
    return renamed, dropped, {}


def _convert_stdc(state_dict):
    blocks = 1 + max(
        int(key.split('.')[3])
        for key in state_dict if key.startswith('cp.backbone.features.'))
    if blocks not in _STDC_BLOCKS:
        raise ValueError(f'SRC has {blocks} blocks, but STDC1 has 8 and STDC2 '
                         'has 14.')
    places = ['0', '1'] + [
        f'{stage}.{i}'
        for stage, number in enumerate(_STDC_BLOCKS[blocks], start=2)
        for i in range(number)
    ]
    modules = dict(_STDC)
    for number, place in enumerate(places):
        theirs = rf'cp\.backbone\.features\.{number}'
        ours = f'backbone.backbone.stages.{place}'
        modules[rf'{theirs}\.(conv|bn)'] = rf'{ours}.\1'
        modules[rf'{theirs}\.conv_list\.(\d)\.(conv|bn)'] = (
            rf'{ours}.layers.\1.\2')
        modules[rf'{theirs}\.avd_layer\.0'] = f'{ours}.downsample.conv'
        modules[rf'{theirs}\.avd_layer\.1'] = f'{ours}.downsample.bn'
    # the classifiers, and what copies of the backbone's stages are called
    dropped_modules = [*_STDC_DROPPED] + [
        f'cp.backbone.x{stride}' for stride in (2, 4, 8, 16, 32)
    ]
    renamed = _rename(state_dict, modules, dropped_modules)
    lost = {}
    for name in ('1', '2'):
        key = f'backbone.ffm.attention.{name}.conv.bias'
        if key in renamed:
            lost[key] = renamed.pop(key).abs().max().item()
    dropped = [
        f'{head}.conv_seg.{part}'
        for head in ('decode_head', 'auxiliary_head.0', 'auxiliary_head.1')
        for part in ('weight', 'bias')
    ]
    return renamed, dropped, lost


def _rename(state_dict: Mapping[str, Tensor],
            modules: Dict[str, str],
            dropped=()) -> StateDict:
    """Rename modules and statistics, and fold biases ahead of BN."""
    renamed = rename_keys(state_dict, modules, dropped)
    result = {}
    for key, value in renamed.items():
        key = re.sub(r'\._mean$', '.running_mean', key)
        key = re.sub(r'\._variance$', '.running_var', key)
        result[key] = value.clone()
    for key in [key for key in result if key.endswith('.conv.bias')]:
        mean = key[:-len('conv.bias')] + 'bn.running_mean'
        if mean in result:
            result[mean] -= result.pop(key)
    return result
