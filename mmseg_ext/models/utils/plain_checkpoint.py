import os
from collections import OrderedDict
from typing import Dict

import torch
from mmengine.runner import CheckpointLoader
from torch import Tensor, nn


def is_plain_layout(keys, algorithm: nn.Module) -> bool:
    """Whether keys are those of a plain segmentor, none of the algorithm.

    Args:
        keys (Iterable[str]): Keys of a state dict.
        algorithm (nn.Module): A module that has the child ``segmentor``.

    Returns:
        bool: True if some keys begin with the name of a child of the
        segmentor and none with that of a child of the algorithm itself.
        Others may be of heads that the segmentor does not have.
    """
    roots = {key.split('.', 1)[0] for key in keys}
    children = {name for name, _ in algorithm.segmentor.named_children()}
    own = {name for name, _ in algorithm.named_children()} - children
    return bool(roots & children) and not roots & own


def adopt_plain_state_dict(module: nn.Module, state_dict: Dict[str, Tensor],
                           prefix: str, *args) -> None:
    """Let an algorithm load the checkpoint of the plain segmentor.

    A ``load_state_dict`` pre-hook. Keys are renamed only where the plain
    layout is recognised as a whole.

    Raises:
        ValueError: If nothing in the checkpoint fits the model.
    """
    keys = [key[len(prefix):] for key in state_dict if key.startswith(prefix)]
    if is_plain_layout(keys, module):
        for key in keys:
            value = state_dict.pop(prefix + key)
            for target in module.plain_prefixes:
                state_dict[prefix + target + key] = value
    if not keys:
        return
    own = module.state_dict()
    fitting = [
        key for key, value in own.items() if prefix + key in state_dict
        and getattr(state_dict[prefix + key], 'shape', None) == value.shape
    ]
    if not fitting:
        raise ValueError(
            f'The checkpoint (load_from, or the one given to the tool) is of '
            f'another model: none of its {len(keys)} parameters, such as '
            f'{keys[0]!r}, fits {type(module).__name__} by name and shape; '
            'give a checkpoint of this algorithm or of its segmentor.')


def extract_segmentor(src: str, dst: str, network: str = 'segmentor') -> int:
    """Write the checkpoint of the plain segmentor.

    Optimiser and schedules are left out; the meta information is kept.

    Args:
        src (str): Checkpoint of an algorithm.
        dst (str): File to write, in the layout of MMSegmentation.
        network (str): ``'segmentor'`` or ``'teacher'``. Defaults to
            'segmentor'.

    Returns:
        int: Number of tensors written.

    Raises:
        ValueError: If the checkpoint has no such network.
    """
    checkpoint = CheckpointLoader.load_checkpoint(src, map_location='cpu')
    state_dict = checkpoint.get('state_dict', checkpoint)
    prefix = f'{network}.'
    plain = OrderedDict((key[len(prefix):], value)
                        for key, value in state_dict.items()
                        if key.startswith(prefix))
    if not plain:
        roots = sorted({key.split('.', 1)[0] for key in state_dict})
        raise ValueError(
            f'{src} has no network {network!r} to extract: its parameters '
            f'begin with {roots}; give a checkpoint of an mmseg_ext '
            'algorithm.')
    meta = {
        key: value
        for key, value in checkpoint.get('meta', {}).items()
        if key in ('dataset_meta', 'mmengine_version', 'epoch', 'iter')
    }
    os.makedirs(os.path.dirname(os.path.abspath(dst)), exist_ok=True)
    temporary = f'{dst}.tmp{os.getpid()}'
    torch.save(dict(meta=meta, state_dict=plain), temporary)
    os.replace(temporary, dst)
    return len(plain)
