"""Checkpoints of the official Gated-SCNN code."""
from typing import Mapping

from torch import Tensor

from .official_checkpoint import StateDict, rename_keys

_HEAD = 'decode_head'
_STREAM = f'{_HEAD}.shape_stream'
_MODULES = {
    r'mod1\.conv1': 'backbone.mod1',
    r'mod(\d)\.block(\d+)\.bn1\.0': r'backbone.mod\1.\2.bn1',
    r'mod(\d)\.block(\d+)\.convs\.bn(\d)\.0': r'backbone.mod\1.\2.bn\3',
    r'mod(\d)\.block(\d+)\.convs\.conv(\d)': r'backbone.mod\1.\2.conv\3',
    r'mod(\d)\.block(\d+)\.proj_conv': r'backbone.mod\1.\2.shortcut',
    'dsn3': f'{_HEAD}.gatings.0',
    'dsn4': f'{_HEAD}.gatings.1',
    'dsn7': f'{_HEAD}.gatings.2',
    **{
        f'{theirs}{i + 1}{inner}': f'{_STREAM}.{ours}.{i}'
        for i in range(3)
        for theirs, inner, ours in (
            ('res', '', 'blocks'),
            ('d', '', 'reductions'),
        )
    },
    **{
        rf'gate{i + 1}\._gate_conv': f'{_STREAM}.gates.{i}.gate'
        for i in range(3)
    },
    **{
        f'gate{i + 1}': f'{_STREAM}.gates.{i}.conv'
        for i in range(3)
    },
    'fuse': f'{_STREAM}.edge',
    'cw': f'{_HEAD}.combine',
    r'aspp\.features\.(\d)\.0': rf'{_HEAD}.aspp_modules.\1.conv',
    r'aspp\.features\.(\d)\.1': rf'{_HEAD}.aspp_modules.\1.bn',
    r'aspp\.img_conv\.0': f'{_HEAD}.image_pool.1.conv',
    r'aspp\.img_conv\.1': f'{_HEAD}.image_pool.1.bn',
    r'aspp\.edge_conv\.0': f'{_HEAD}.edge_conv.conv',
    r'aspp\.edge_conv\.1': f'{_HEAD}.edge_conv.bn',
    'bot_fine': f'{_HEAD}.low_level_conv',
    'bot_aspp': f'{_HEAD}.bottleneck',
    r'final_seg\.0': f'{_HEAD}.decoder.0.conv',
    r'final_seg\.1': f'{_HEAD}.decoder.0.bn',
    r'final_seg\.3': f'{_HEAD}.decoder.1.conv',
    r'final_seg\.4': f'{_HEAD}.decoder.1.bn',
    r'final_seg\.6': f'{_HEAD}.conv_seg',
}
# Blocks count from 1 there and from 0 here.
_BLOCK_OFFSET = 1
# Their Canny map is 0 and 255, ours 0 and 1.
_EDGE_SCALE = 255


def convert_gscnn(state_dict: Mapping[str, Tensor]) -> StateDict:
    """Convert a state dict of the official Gated-SCNN code.

    Args:
        state_dict (Mapping[str, Tensor]): The official weights.

    Returns:
        dict[str, Tensor]: Weights of a ``ShapeStreamEncoderDecoder`` with
        ``WiderResNet`` and ``GSCNNHead``, whose edges of the image are
        ``'canny_normalized'``.

    Raises:
        ValueError: If a weight is none of the official code, or the head is
            missing.
    """
    renamed = {}
    for key, value in rename_keys(
            state_dict, _MODULES, dropped=['dsn1']).items():
        parts = key.split('.')
        if parts[0] == 'backbone' and parts[1] != 'mod1':
            parts[2] = str(int(parts[2]) - _BLOCK_OFFSET)
        renamed['.'.join(parts)] = value
    for name in ('combine.weight', 'conv_seg.weight'):
        if f'{_HEAD}.{name}' not in renamed:
            raise ValueError('SRC has another layout than the official code: '
                             f'it lacks the weights of {_HEAD}.{name}.')
    combine = renamed[f'{_HEAD}.combine.weight'].clone()
    combine[:, 1] *= _EDGE_SCALE
    renamed[f'{_HEAD}.combine.weight'] = combine
    classifier = renamed[f'{_HEAD}.conv_seg.weight']
    renamed[f'{_HEAD}.conv_seg.bias'] = classifier.new_zeros(len(classifier))
    return renamed
