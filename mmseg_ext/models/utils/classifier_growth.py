"""A segmentor of some classes that becomes one of more classes."""
import copy
import math
from typing import Dict

import torch
from mmseg.utils import ConfigType
from torch import Tensor, nn

INITIALISATIONS = ('normal', 'background', 'prior')


def with_num_classes(segmentor: ConfigType, num_classes: int,
                     other: int) -> ConfigType:
    """A copy of a segmentor's config with another number of classes.

    Args:
        segmentor (dict): Config of a segmentor.
        num_classes (int): Its number of classes.
        other (int): The wanted one.

    Returns:
        dict: The copy, in which every ``num_classes`` and ``out_channels`` of
        a head that was the former is the latter.
    """

    def replace(node) -> None:
        if isinstance(node, dict):
            classes = node.get('num_classes') == num_classes
            if classes:
                node['num_classes'] = other
                if node.get('out_channels') == num_classes:
                    node['out_channels'] = other
            for value in node.values():
                replace(value)
        elif isinstance(node, (list, tuple)):
            for value in node:
                replace(value)

    segmentor = copy.deepcopy(segmentor)
    replace(segmentor)
    return segmentor


def is_grown(state_dict: Dict[str, Tensor], model: nn.Module) -> bool:
    """Whether weights have the shapes of a model already."""
    own = model.state_dict()
    return all(own[key].shape == value.shape
               for key, value in state_dict.items() if key in own)


def grow(old: Dict[str, Tensor], model: nn.Module, num_old: int,
         num_classes: int, init_new: str) -> Dict[str, Tensor]:
    """Weights of a model of more classes from one of fewer.

    A tensor that differs in one dimension, which was ``num_old`` and is
    ``num_classes``, is the old one followed by rows for the new classes.

    Args:
        old (dict[str, Tensor]): Weights of the segmentor of old classes.
        model (nn.Module): The segmentor of all classes, initialised.
        num_old (int): Number of old classes, with background.
        num_classes (int): Number of all classes.
        init_new (str): ``'normal'`` leaves new rows as they are initialised;
            ``'background'`` copies those of background and shares its
            probability out (`arXiv 2002.00718
            <https://arxiv.org/abs/2002.00718>`_); ``'prior'`` sets their bias
            to the logit of 0.01.

    Returns:
        dict[str, Tensor]: Weights of the model.

    Raises:
        ValueError: If a tensor is missing or of another shape.
    """
    grown = {}
    for key, own in model.state_dict().items():
        value = old.get(key)
        if value is None and key.endswith('num_batches_tracked'):
            grown[key] = own
            continue
        if value is not None and value.shape == own.shape:
            grown[key] = value
            continue
        odd = [] if value is None or value.dim() != own.dim() else [
            i for i, (a, b) in enumerate(zip(value.shape, own.shape)) if a != b
        ]
        fits = len(odd) == 1 and (value.shape[odd[0]],
                                  own.shape[odd[0]]) == (num_old, num_classes)
        if not fits:
            raise ValueError(
                'The checkpoint that load_from names does not fit the '
                f'segmentor of {num_old} old classes: {key!r} is '
                f'{"missing" if value is None else tuple(value.shape)}, but '
                f'the grown one is {tuple(own.shape)}; give the checkpoint of '
                'the previous step.')
        grown[key] = _grow_tensor(value, own, odd[0], init_new)
    return grown


def _grow_tensor(old: Tensor, own: Tensor, dim: int, init_new: str) -> Tensor:
    num_old, num_new = old.shape[dim], own.shape[dim] - old.shape[dim]
    old = old.to(own)
    rows = own.narrow(dim, num_old, num_new).clone()
    if init_new == 'background':
        rows = old.narrow(dim, 0, 1).expand_as(rows)
        if old.dim() == 1:  # a bias
            share = math.log(num_new + 1)
            rows = rows - share
            old = old.clone()
            old[0] -= share
    elif init_new == 'prior' and old.dim() == 1:
        rows = torch.full_like(rows, -math.log(99))
    return torch.cat([old, rows], dim=dim)


def adopt_previous_step(module: nn.Module, state_dict: dict, prefix: str,
                        *args) -> None:
    """A ``load_state_dict`` pre-hook: begin from the previous step.

    Weights of a segmentor of the old classes become the ``previous`` one of
    the module and, grown, its ``segmentor``; all else stays as it is.

    Raises:
        ValueError: If they do not fit.
    """
    start = f'{prefix}segmentor.'
    found = {
        key[len(start):]: value
        for key, value in state_dict.items() if key.startswith(start)
    }
    if not found:
        return
    if is_grown(found, module.segmentor):
        module.has_previous = any(
            key.startswith(f'{prefix}previous.') for key in state_dict)
        return
    num_classes = module.num_old + module.num_new
    grown = grow(found, module.segmentor, module.num_old, num_classes,
                 module.init_new)
    for key in [key for key in state_dict if key.startswith(prefix)]:
        del state_dict[key]
    own = module.state_dict()
    for key, value in own.items():
        root, _, name = key.partition('.')
        if root == 'segmentor':
            value = grown[name]
        elif root == 'previous':
            value = found.get(name, value)
        state_dict[prefix + key] = value
    module.has_previous = True
