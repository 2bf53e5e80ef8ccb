"""Turn a checkpoint of the official ELN code into one of this package.

The file of the official code (github.com/kinux98/SSL_ELN) holds the networks
one by one: ``enc_state_dict``, ``dec_state_dict``, ``eln_state_dict`` and
``dec_0``, ``dec_1``. The result is a checkpoint of :class:`ELN` with
:class:`DeepLabV3PlusHead`, to be given to ``load_from`` or to a test tool.
The official file has no teacher: it becomes a copy of the student.
"""
import argparse
import os.path as osp
import pickle
import re
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Dict

import torch
from torch import Tensor

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmseg_ext.utils.atomic_io import atomic_open  # noqa: E402

# Modules of the official decoder, and what they are called in
# DeepLabV3PlusHead.
DECODER = {
    **{
        f'aspp.aspp{i + 1}.{theirs}': f'aspp_modules.{i}.{ours}'
        for i in range(4)
        for theirs, ours in (('atrous_conv', 'conv'), ('bn', 'bn'))
    },
    'aspp.global_avg_pool.1': 'image_pool.1.conv',
    'aspp.conv1': 'bottleneck.0.conv',
    'aspp.bn1': 'bottleneck.0.bn',
    'decoder.conv1': 'c1_bottleneck.0.conv',
    'decoder.bn1': 'c1_bottleneck.0.bn',
    'decoder.last_conv1.0': 'decoder.0.conv',
    'decoder.last_conv1.1': 'decoder.0.bn',
    'decoder.last_conv2.0': 'decoder.2.conv',
    'decoder.last_conv2.1': 'decoder.2.bn',
    'decoder.last_conv3': 'decoder.4',
}
SEGMENTATION = {
    'cls.classifier.0': 'pre_cls.0',
    'cls.classifier.2': 'conv_seg',
}
PROJECTION = {
    'proj.projector.0': 'layers.0',
    'proj.projector.2': 'layers.2',
}
LOCALIZATION = {
    'classifier.0': 'pre_cls.0',
    'classifier.2': 'conv_seg',
}
NETWORKS = ('enc_state_dict', 'dec_state_dict', 'eln_state_dict')

StateDict = Dict[str, Tensor]


def convert(checkpoint: dict) -> StateDict:
    """Convert a checkpoint of the official code.

    Args:
        checkpoint (dict): What its file holds.

    Returns:
        dict[str, Tensor]: State dict of :class:`ELN`.

    Raises:
        ValueError: If the layout is another one.
    """
    missing = [name for name in NETWORKS if name not in checkpoint]
    if missing:
        raise ValueError(
            f'SRC is no checkpoint of the official ELN code: {missing} not '
            f'among its entries {sorted(map(str, checkpoint))[:8]}.')
    networks = {
        name: strip_data_parallel(value)
        for name, value in checkpoint.items()
        if name in NETWORKS or re.fullmatch(r'dec_\d+', name)
    }
    student = add_prefix(
        'backbone.',
        split(networks['enc_state_dict'], 'backbone.', 'enc_state_dict'))
    student.update(
        add_prefix('decode_head.', convert_decoder(networks,
                                                   'dec_state_dict')))
    projector = rename(
        select(networks['dec_state_dict'], PROJECTION), PROJECTION,
        'dec_state_dict')

    state_dict = add_prefix('segmentor.', student)
    state_dict.update(add_prefix('projector.', projector))
    aux_names = sorted(
        set(networks) - set(NETWORKS), key=lambda name: int(name[4:]))
    for index, name in enumerate(aux_names):
        state_dict.update(
            add_prefix(f'aux_decoders.{index}.',
                       convert_decoder(networks, name)))
    state_dict.update(
        add_prefix('pseudo_filter.',
                   convert_localization(networks['eln_state_dict'])))
    state_dict.update(add_prefix('teacher.', student))
    state_dict.update(add_prefix('teacher_projector.', projector))
    check_channels(state_dict)
    return OrderedDict(
        (key, value.clone()) for key, value in state_dict.items())


def convert_decoder(networks: Dict[str, StateDict], name: str) -> StateDict:
    """A decoder without its projection, as DeepLabV3PlusHead names it."""
    dropped = select(networks[name], PROJECTION)
    rest = {k: v for k, v in networks[name].items() if k not in dropped}
    return rename(rest, {**DECODER, **SEGMENTATION}, name)


def convert_localization(state_dict: StateDict) -> StateDict:
    """The error localization network, as ErrorLocalizationNetwork names it."""
    name = 'eln_state_dict'
    backbone = {
        key.replace('.shortcut.', '.downsample.'): value
        for key, value in split(state_dict, 'backbone.', name,
                                alone=False).items()
    }
    head = {
        key: value
        for key, value in state_dict.items() if not key.startswith('backbone.')
    }
    return {
        **add_prefix('backbone.', backbone),
        **add_prefix('decode_head.',
                     rename(head, {
                         **DECODER,
                         **LOCALIZATION
                     }, name))
    }


def rename(state_dict: StateDict, table: Dict[str, str],
           network: str) -> StateDict:
    """Rename the modules of a state dict, every one of them by the table."""
    renamed, used = {}, set()
    for key, value in state_dict.items():
        module, _, tensor = key.rpartition('.')
        if module not in table:
            raise ValueError(
                f'SRC has another layout than the official ELN code: {key!r} '
                f'in {network!r} is none of its parameters.')
        used.add(module)
        renamed[f'{table[module]}.{tensor}'] = value
    unused = sorted(set(table) - used)
    if unused:
        raise ValueError(
            f'SRC has another layout than the official ELN code: {network!r} '
            f'lacks {unused[0]!r} and {len(unused) - 1} more modules.')
    return renamed


def select(state_dict: StateDict, modules: Dict[str, str]) -> StateDict:
    """The part of a state dict that belongs to some modules."""
    return {
        key: value
        for key, value in state_dict.items()
        if key.rpartition('.')[0] in modules
    }


def split(state_dict: StateDict,
          prefix: str,
          network: str,
          alone: bool = True) -> StateDict:
    """The part of a state dict under a prefix, which is taken off."""
    part = {
        key[len(prefix):]: value
        for key, value in state_dict.items() if key.startswith(prefix)
    }
    if not part or (alone and len(part) < len(state_dict)):
        other = next((k for k in state_dict if not k.startswith(prefix)), None)
        raise ValueError(
            'SRC has another layout than the official ELN code: the keys of '
            f'{network!r} must begin with {prefix!r} but '
            f'{f"one is {other!r}" if other else "there are none"}.')
    return part


def add_prefix(prefix: str, state_dict: StateDict) -> StateDict:
    """Put a prefix before every key."""
    return {prefix + key: value for key, value in state_dict.items()}


def strip_data_parallel(state_dict: StateDict) -> StateDict:
    """Take off the prefix of a data-parallel wrapper."""
    if state_dict and all(key.startswith('module.') for key in state_dict):
        return {key[len('module.'):]: v for key, v in state_dict.items()}
    return state_dict


def check_channels(state_dict: StateDict) -> None:
    """Raise unless the networks agree about the number of classes."""
    for key in ('segmentor.backbone.conv1.weight',
                'pseudo_filter.backbone.conv1.weight'):
        if key not in state_dict:
            raise ValueError('SRC has another layout than the official ELN '
                             f'code: it gives no {key!r}.')
    num_classes = count_classes(state_dict)
    image_channels = state_dict['segmentor.backbone.conv1.weight'].shape[1]
    expected = image_channels + 1 + num_classes
    found = state_dict['pseudo_filter.backbone.conv1.weight'].shape[1]
    if found != expected:
        raise ValueError(
            f'The networks in SRC do not belong together: the decoder has '
            f'{num_classes} classes, so the error localization network should '
            f'read {expected} channels but reads {found}.')


def count_classes(state_dict: StateDict) -> int:
    """Number of classes of a converted checkpoint."""
    return state_dict['segmentor.decode_head.conv_seg.weight'].shape[0]


def load_official(path: str) -> dict:
    """Read a file of the official code, tensors and plain values only."""
    if not osp.isfile(path):
        raise FileNotFoundError(f'SRC {path!r} is no file.')
    try:
        checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise ValueError(f'SRC {path!r} cannot be read as a checkpoint of '
                         f'tensors: {error}') from error
    if not isinstance(checkpoint, dict):
        raise ValueError(f'SRC {path!r} holds a {type(checkpoint).__name__} '
                         'and not the dict of the official ELN code.')
    return checkpoint


def main() -> None:
    parser = argparse.ArgumentParser(
        description='Convert a checkpoint of the official ELN code '
        '(github.com/kinux98/SSL_ELN) into one of mmseg_ext.')
    parser.add_argument('src', help='checkpoint of the official code')
    parser.add_argument('dst', help='checkpoint to write')
    args = parser.parse_args()

    official = load_official(args.src)
    state_dict = convert(official)
    meta = dict(source='official ELN code', epoch=official.get('epoch'))
    with atomic_open(args.dst) as file:
        torch.save(dict(meta=meta, state_dict=state_dict), file)
    blocks = {
        key.split('.')[3]
        for key in state_dict if key.startswith('segmentor.backbone.layer3.')
    }
    print(f'{args.dst}: {count_classes(state_dict)} classes, '
          f'{len(blocks)} blocks in layer3 of the backbone (6 in a ResNet-50, '
          '23 in a ResNet-101)')


if __name__ == '__main__':
    main()
