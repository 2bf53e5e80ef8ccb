"""Checkpoints of CycleGAN in the layout of its official code."""
import re
from typing import Dict

from .deeplabv2_checkpoint import LayoutError, StateDict, strip_prefix

# Of instance normalisation, which has neither parameters nor statistics here.
_UNUSED = re.compile(r'.*\.(running_mean|running_var|num_batches_tracked)$')


def is_cycle_gan(state_dict: StateDict) -> bool:
    """Whether this looks like a generator or a discriminator of CycleGAN."""
    return all(key.startswith('model.') for key in strip_prefix(state_dict))


def convert_generator(state_dict: StateDict) -> StateDict:
    """Convert a generator with residual blocks.

    Args:
        state_dict (dict[str, Tensor]): ``model.1``, ..., of any number of
            blocks, with two halvings and without dropout.

    Returns:
        dict[str, Tensor]: State dict of :class:`ResnetGenerator`.

    Raises:
        ValueError: If the layout is another one.
    """
    rest = _parameters(state_dict)
    count = len({key.split('.')[1] for key in rest if '.conv_block.' in key})
    layers = {'model.1': 'stem.1', 'model.4': 'downsamples.0.0'}
    layers['model.7'] = 'downsamples.1.0'
    for i in range(count):
        for j in (1, 5):
            layers[f'model.{10 + i}.conv_block.{j}'] = f'blocks.{i}.layers.{j}'
    layers[f'model.{10 + count}'] = 'upsamples.0.0'
    layers[f'model.{13 + count}'] = 'upsamples.1.0'
    layers[f'model.{17 + count}'] = 'head.1'
    return _take(rest, layers, 'generator')


def convert_patch_discriminator(state_dict: StateDict) -> StateDict:
    """Convert a discriminator of three halvings.

    Args:
        state_dict (dict[str, Tensor]): ``model.0``, ..., ``model.11``.

    Returns:
        dict[str, Tensor]: State dict of :class:`PatchDiscriminator`.

    Raises:
        ValueError: If the layout is another one.
    """
    layers = {f'model.{i}': f'layers.{i}' for i in (0, 2, 5, 8)}
    layers['model.11'] = 'classifier'
    return _take(_parameters(state_dict), layers, 'discriminator')


def _parameters(state_dict: StateDict) -> StateDict:
    return {
        key: value
        for key, value in strip_prefix(state_dict).items()
        if not _UNUSED.match(key)
    }


def _take(rest: StateDict, layers: Dict[str, str], kind: str) -> StateDict:
    """Rename layers with weight and bias; there must be no other."""
    converted = {}
    for theirs, ours in layers.items():
        for part in ('weight', 'bias'):
            key = f'{theirs}.{part}'
            if key not in rest:
                raise LayoutError(f'it lacks {key!r} of a {kind}')
            converted[f'{ours}.{part}'] = rest.pop(key).clone()
    if rest:
        raise LayoutError(f'{next(iter(rest))!r} is no parameter of a {kind}')
    return converted
