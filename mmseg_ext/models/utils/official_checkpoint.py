"""Reading and renaming of checkpoints of other code."""
import argparse
import os.path as osp
import pickle
import re
from typing import Callable, Dict, Mapping, Sequence

import torch
from torch import Tensor

from ...utils.atomic_io import atomic_open

StateDict = Dict[str, Tensor]


def load_official(path: str, key: str = 'state_dict') -> StateDict:
    """Read a state dict of the official code: tensors only.

    Args:
        path (str): File of a state dict, or of a dict that holds it.
        key (str): Where such a dict has it. Defaults to 'state_dict'.

    Returns:
        dict[str, Tensor]: The state dict.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is no state dict.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(f'{path!r} is no file.')
    try:
        checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise ValueError(f'{path!r} cannot be read as a checkpoint of '
                         f'tensors: {error}') from error
    if isinstance(checkpoint, dict):
        checkpoint = checkpoint.get(key, checkpoint)
    is_state_dict = isinstance(checkpoint, dict) and all(
        isinstance(value, Tensor) for value in checkpoint.values())
    if not is_state_dict or not checkpoint:
        raise ValueError(f'{path!r} is no state dict of one network.')
    return checkpoint


def rename_keys(
        state_dict: Mapping[str, Tensor],
        modules: Mapping[str, str],
        dropped: Sequence[str] = (),
) -> StateDict:
    """Give every weight the name that this package has for its module.

    Args:
        state_dict (Mapping[str, Tensor]): Weights of the official code, with
            or without the ``module.`` of a parallel training.
        modules (Mapping[str, str]): Regular expressions of official module
            paths, and what takes their place (``\\1`` for a group). The first
            that fits counts.
        dropped (Sequence[str]): Official module paths that are left out.
            Defaults to ().

    Returns:
        dict[str, Tensor]: The renamed weights.

    Raises:
        ValueError: If a weight fits none of the modules.
    """
    patterns = {
        re.compile(rf'{theirs}\.'): f'{ours}.'
        for theirs, ours in modules.items()
    }
    renamed = {}
    for key, value in state_dict.items():
        name = key[len('module.'):] if key.startswith('module.') else key
        if name.startswith(tuple(f'{module}.' for module in dropped)):
            continue
        for pattern, ours in patterns.items():
            if pattern.match(name):
                renamed[pattern.sub(ours, name, count=1)] = value
                break
        else:
            raise ValueError(
                f'SRC has another layout than the official code: {key!r} is '
                'none of its weights.')
    return renamed


def save_converted(path: str, state_dict: StateDict, code: str) -> None:
    """Write a converted checkpoint, atomically.

    Args:
        path (str): File to write.
        state_dict (dict[str, Tensor]): Its weights.
        code (str): Name of the official code, for the meta information.
    """
    meta = dict(source=f'official {code} code')
    with atomic_open(path) as file:
        torch.save(dict(meta=meta, state_dict=state_dict), file)


def run_converter(code: str,
                  convert: Callable[[StateDict], StateDict],
                  key: str = 'state_dict') -> None:
    """The command ``SRC DST`` of a converter.

    Args:
        code (str): Name of the official code.
        convert (Callable): Makes the weights of this package of official
            ones; a ValueError tells what is wrong with them.
        key (str): Where its checkpoints have the weights. Defaults to
            'state_dict'.
    """
    parser = argparse.ArgumentParser(
        description=f'Convert a checkpoint of the official {code} code.')
    parser.add_argument('src', help='checkpoint of the official code')
    parser.add_argument('dst', help='checkpoint to write')
    args = parser.parse_args()
    try:
        state_dict = convert(load_official(args.src, key))
    except (OSError, ValueError) as error:
        raise SystemExit(f'{args.src}: {error}')
    save_converted(args.dst, state_dict, code)
    print(f'{args.dst}: {len(state_dict)} tensors')
