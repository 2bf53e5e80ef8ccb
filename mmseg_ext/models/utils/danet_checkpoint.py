"""Checkpoints of the official DANet code."""
from typing import Mapping

from torch import Tensor

from .official_checkpoint import StateDict, rename_keys

_MODULES = {
    r'pretrained': r'backbone',
    r'head\.conv5a\.0': r'decode_head.pam_in_conv.conv',
    r'head\.conv5a\.1': r'decode_head.pam_in_conv.bn',
    r'head\.conv5c\.0': r'decode_head.cam_in_conv.conv',
    r'head\.conv5c\.1': r'decode_head.cam_in_conv.bn',
    r'head\.conv51\.0': r'decode_head.pam_out_conv.conv',
    r'head\.conv51\.1': r'decode_head.pam_out_conv.bn',
    r'head\.conv52\.0': r'decode_head.cam_out_conv.conv',
    r'head\.conv52\.1': r'decode_head.cam_out_conv.bn',
    r'head\.sa\.(query|key|value)_conv': r'decode_head.pam.\1_project',
    r'head\.sa': r'decode_head.pam',
    r'head\.sc': r'decode_head.cam',
    r'head\.conv6\.1': r'decode_head.pam_conv_seg',
    r'head\.conv7\.1': r'decode_head.cam_conv_seg',
    r'head\.conv8\.1': r'decode_head.conv_seg',
}


def convert_danet(state_dict: Mapping[str, Tensor]) -> StateDict:
    """Convert a state dict of the official DANet code.

    Args:
        state_dict (Mapping[str, Tensor]): The official weights.

    Returns:
        dict[str, Tensor]: Weights of an ``EncoderDecoder`` with ``ResNet``
        and ``DAHead`` or ``EfficientDAHead``.

    Raises:
        ValueError: If a weight is none of the official code, or the head is
            missing.
    """
    renamed = rename_keys(state_dict, _MODULES, dropped=['pretrained.fc'])
    for branch in ('pam', 'cam'):
        official = f'decode_head.{branch}.gamma'
        if official not in renamed:
            raise ValueError('SRC has another layout than the official code: '
                             f'it lacks the weights of the {branch} branch.')
        # one number, of shape (1, ) there and () here
        renamed[f'{official}.scale'] = renamed.pop(official).reshape(())
    return renamed
