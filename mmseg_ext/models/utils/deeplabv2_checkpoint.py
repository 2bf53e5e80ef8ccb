"""Checkpoints of DeepLab-v2 in the layouts of AdaptSegNet and ADVENT."""
import re
from typing import Dict

import torch
from mmseg.registry import MODELS
from torch import Tensor

StateDict = Dict[str, Tensor]

# Blocks of the third stage, and the depth of the ResNet that has as many.
RESNET_DEPTHS = {6: 50, 23: 101, 36: 152}
VGG = dict(
    type='DilatedVGG',
    fc_channels=1024,
    fc_kernel_sizes=(3, 3),
    fc_dilations=(4, 4),
    dropout_ratio=0.)
# Their Sequential leaves the fourth pooling out, which shifts what follows.
VGG_LAYERS = {
    **{
        f'features.{i}': f'features.{i}'
        for i in (0, 2, 5, 7, 10, 12, 14, 17, 19, 21)
    }, 'features.23': 'features.24',
    'features.25': 'features.26',
    'features.27': 'features.28',
    'features.29': 'fc6',
    'features.31': 'fc7'
}
# AdaptSegNet names the layers of its discriminators, ADVENT numbers them.
DISCRIMINATORS = (
    ('conv1', 'conv2', 'conv3', 'conv4', 'classifier'),
    ('0', '2', '4', '6', '8'),
)


class LayoutError(ValueError):
    """The file is not one of the official code."""

    def __init__(self, reason: str) -> None:
        super().__init__('SRC has another layout than the official code: '
                         f'{reason}.')


def convert_segmentor(state_dict: StateDict, num_rates: int) -> StateDict:
    """Convert a segmentor of the official code.

    Args:
        state_dict (dict[str, Tensor]): DeepLab-v2 with ResNet (one or two
            classifiers) or VGG-16, with or without a common prefix
            ``module.`` or ``Scale.``.
        num_rates (int): Number of rates of each classifier that are kept,
            the first ones.

    Returns:
        dict[str, Tensor]: State dict of an ``EncoderDecoder`` with
        :class:`DeepLabV2Head`.

    Raises:
        ValueError: If the layout is another one.
    """
    rest = strip_prefix(state_dict)
    if 'features.0.weight' in rest:
        backbone = _rename(rest, VGG_LAYERS)
        config, heads = VGG, {'classifier': 'decode_head'}
    else:
        backbone = {
            key: rest.pop(key)
            for key in list(rest) if re.match(r'(conv1|bn1|layer[1-4])\.', key)
        }
        config, heads = _resnet_config(backbone), _resnet_heads(rest)
    converted = {f'backbone.{key}': value for key, value in backbone.items()}
    _check_backbone(backbone, config)
    for theirs, ours in heads.items():
        head = _convert_head(rest, theirs, num_rates)
        converted.update(
            (f'{ours}.conv_seg.{key}', value) for key, value in head.items())
    if rest:
        raise LayoutError(f'{next(iter(rest))!r} is none of its parameters')
    return {key: value.clone() for key, value in converted.items()}


def convert_discriminator(state_dict: StateDict) -> StateDict:
    """Convert a discriminator of the official code.

    Args:
        state_dict (dict[str, Tensor]): Five convolutions of 4x4.

    Returns:
        dict[str, Tensor]: State dict of :class:`FCDiscriminator`.

    Raises:
        ValueError: If the layout is another one.
    """
    rest = strip_prefix(state_dict)
    names = DISCRIMINATORS['conv1.bias' not in rest]
    ours = [f'convs.{i}' for i in range(4)] + ['classifier']
    converted = _rename(rest, dict(zip(names, ours)))
    if rest:
        raise LayoutError(f'{next(iter(rest))!r} is no parameter of a '
                          'discriminator')
    channels = None
    for theirs, name in zip(names, ours):
        shape = tuple(converted[f'{name}.weight'].shape)
        if len(shape) != 4 or shape[2:] != (4,
                                            4) or channels not in (None,
                                                                   shape[1]):
            raise LayoutError(f"'{theirs}.weight' of a discriminator should "
                              f'be (*, {channels or "*"}, 4, 4) but is '
                              f'{shape}')
        channels = shape[0]
    return {key: value.clone() for key, value in converted.items()}


def is_discriminator(state_dict: StateDict) -> bool:
    """Whether this looks like a discriminator and not like a segmentor."""
    rest = strip_prefix(state_dict)
    # the first convolution of their ResNet has no bias
    return any(f'{names[0]}.bias' in rest for names in DISCRIMINATORS)


def strip_prefix(state_dict: StateDict) -> StateDict:
    """A copy without the prefix of a wrapper that all keys have."""
    for prefix in ('module.', 'Scale.'):
        if state_dict and all(key.startswith(prefix) for key in state_dict):
            return {key[len(prefix):]: v for key, v in state_dict.items()}
    return dict(state_dict)


def count_classes(state_dict: StateDict) -> int:
    """Number of classes of a converted segmentor."""
    return len(state_dict['decode_head.conv_seg.convs.0.bias'])


def _rename(rest: StateDict, table: Dict[str, str]) -> StateDict:
    """Take layers with weight and bias out of a state dict by a table."""
    renamed = {}
    for theirs, ours in table.items():
        for part in ('weight', 'bias'):
            key = f'{theirs}.{part}'
            if key not in rest:
                raise LayoutError(f'it lacks {key!r}')
            renamed[f'{ours}.{part}'] = rest.pop(key)
    return renamed


def _resnet_config(backbone: StateDict) -> dict:
    blocks = {
        key.split('.')[1]
        for key in backbone if key.startswith('layer3.')
    }
    if len(blocks) not in RESNET_DEPTHS:
        raise LayoutError(
            f"'layer3' has {len(blocks)} blocks and not 6, 23 or 36")
    return dict(type='DeepLabV2ResNet', depth=RESNET_DEPTHS[len(blocks)])


def _resnet_heads(rest: StateDict) -> Dict[str, str]:
    """Which classifiers there are: the main one may be the fifth layer."""
    layers = {key.split('.')[0] for key in rest}
    if 'layer6' in layers:
        heads = {'layer5': 'auxiliary_head', 'layer6': 'decode_head'}
        return {k: v for k, v in heads.items() if k in layers}
    weight = rest.get('layer5.conv2d_list.0.weight')
    if weight is not None and weight.shape[1:2] == (1024, ):
        raise LayoutError("it lacks 'layer6', the main classifier")
    return {'layer5': 'decode_head'}


def _convert_head(rest: StateDict, name: str, num_rates: int) -> StateDict:
    """Take a classifier out of a state dict, the first rates of it."""
    head = _rename(
        rest,
        {f'{name}.conv2d_list.{i}': f'convs.{i}'
         for i in range(num_rates)})
    for key in list(rest):
        if re.match(rf'{name}\.conv2d_list\.\d+\.(weight|bias)$', key):
            del rest[key]
    return head


def _check_backbone(found: StateDict, config: dict) -> None:
    """Raise unless names and shapes are those of the backbone."""
    with torch.device('meta'):
        expected = MODELS.build(config).state_dict()
    for key in found:
        if key not in expected:
            raise LayoutError(f'{key!r} is none of its parameters')
    for key, value in expected.items():
        if key not in found:
            # files of torch 0.3 do not have it
            if key.endswith('num_batches_tracked'):
                continue
            raise LayoutError(f'it lacks {key!r}')
        if found[key].shape != value.shape:
            raise LayoutError(f'{key!r} should be {tuple(value.shape)} but is '
                              f'{tuple(found[key].shape)}')
