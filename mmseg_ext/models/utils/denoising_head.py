"""A segmentor whose classifier is a projection to the channels of an image.

Whatever the decode head, its classifier is had by building the head for
another number of classes: 3, or 3 * s^2 for a map that is s times smaller
than the image.
"""
import copy
from typing import List, Sequence, Tuple

import torch
from mmengine.model import revert_sync_batchnorm
from mmseg.models.decode_heads import PointHead
from mmseg.registry import MODELS
from mmseg.utils import ConfigType
from torch import Tensor, nn

from .mask_classification import classifies_masks
from .random_streams import random_numbers_apart

IMAGE_CHANNELS = 3
# Side of the image of zeros by which the stride of a decode head is found.
_PROBE_SIZE = 128


def check_projects(head) -> None:
    """Raise for a head that has no classifier of pixels to replace.

    Args:
        head (dict or list[dict]): Config of the head or of a cascade.

    Raises:
        ValueError: If it classifies masks or points, or holds heads.
    """
    last = head[-1] if isinstance(head, (list, tuple)) else head
    kind, what = _head_class(last), None
    if kind is None:  # the build says so
        return
    if classifies_masks(kind):
        what = 'classifies masks'
    elif issubclass(kind, PointHead):
        what = 'classifies points'
    elif 'num_classes' not in last:
        what = 'has no num_classes'
    if what is not None:
        raise ValueError(
            f'model.segmentor.decode_head is a {kind.__name__}, which {what} '
            'and has no projection of pixels to train by denoising: use a '
            'head that classifies pixels.')


def set_out_channels(head, channels: int):
    """A copy of the config of a decode head, or of a cascade, that projects.

    Args:
        head (dict or list[dict]): The config.
        channels (int): Output channels.

    Returns:
        dict or list[dict]: The config without dropout ahead of the
        projection, which would take whole channels out of a regression.
    """
    if isinstance(head, (list, tuple)):
        return [set_out_channels(stage, channels) for stage in head]
    head = copy.deepcopy(head)
    if classifies_masks(_head_class(head)):
        if 'class_names' in head:
            head['class_names'] = [f'class {i}' for i in range(channels)]
        weights = (head.get('loss_cls') or {}).get('class_weight')
        if weights:
            # one of each class and one of no object, which heads count
            weights = [1.] * channels + [weights[-1]]
            head['loss_cls'] = dict(head['loss_cls'], class_weight=weights)
        return dict(head, num_classes=channels)
    for key in ('out_channels', 'threshold'):
        head.pop(key, None)
    head.update(num_classes=channels, dropout_ratio=0.)
    return head


def forward_heads(segmentor: nn.Module, images: Tensor) -> List[Tensor]:
    """All tensors that the decode head, or every stage of a cascade, gives.

    Args:
        segmentor (nn.Module): A segmentor of MMSegmentation.
        images (Tensor): Preprocessed images, (N, 3, H, W).
    """
    feats = segmentor.extract_feat(images)
    head = segmentor.decode_head
    if not isinstance(head, nn.ModuleList):
        return _tensors(head.forward(feats))
    outputs = [head[0].forward(feats)]
    for stage in head[1:]:
        outputs.append(stage.forward(feats, outputs[-1]))
    return _tensors(outputs)


def split_maps(outputs: Sequence[Tensor],
               channels: int) -> Tuple[List[Tensor], List[Tensor]]:
    """Tell maps of ``channels`` channels from everything else."""
    maps, rest = [], []
    for output in outputs:
        is_map = output.dim() == 4 and output.shape[1] == channels
        (maps if is_map else rest).append(output)
    return maps, rest


@torch.no_grad()
def find_output_stride(segmentor: nn.Module, name: str) -> int:
    """How much smaller than the image the map of a decode head is.

    Args:
        segmentor (nn.Module): A segmentor that gives ``IMAGE_CHANNELS``
            channels; a copy of it is run.
        name (str): Name of the decode head, for messages.

    Returns:
        int: The stride.

    Raises:
        ValueError: If the head gives no map, or one of no whole stride.
    """
    size = _PROBE_SIZE
    # the CPU has no synchronised batch normalisation, not even in eval mode
    segmentor = revert_sync_batchnorm(copy.deepcopy(segmentor)).eval()
    try:
        with random_numbers_apart():
            outputs = forward_heads(segmentor, torch.zeros(1, 3, size, size))
        maps = split_maps(outputs, IMAGE_CHANNELS)[0]
    except Exception as error:  # whatever a head of anybody raises
        raise ValueError(
            f'The decode head {name} cannot be run on an image of '
            f'{size}x{size} to find its stride ({type(error).__name__}: '
            f'{error}): if it gives a dense map, set model.output_stride.'
        ) from error
    if not maps:
        raise ValueError(
            f'The decode head {name} gives no map of one value a class and '
            'pixel, so it cannot be pre-trained by denoising: use a head '
            'that classifies pixels.')
    height, width = maps[0].shape[2:]
    stride = round(size / height)
    if height != width or stride < 1 or height * stride != size:
        raise ValueError(
            f'The decode head {name} makes a map of {height}x{width} of an '
            f'image of {size}x{size}: set model.output_stride to the whole '
            'number of pixels that one value of the map stands for.')
    return stride


@torch.no_grad()
def check_frozen_backbone(segmentor: nn.Module) -> None:
    """Raise for a backbone that cannot be frozen in eval mode.

    Some give other maps while they train, on which their heads rest.

    Args:
        segmentor (nn.Module): The segmentor; a copy of it is run.

    Raises:
        ValueError: If it is one of those.
    """
    name = type(segmentor.backbone).__name__
    copied = revert_sync_batchnorm(copy.deepcopy(segmentor))
    images = torch.zeros(2, 3, _PROBE_SIZE, _PROBE_SIZE)
    found = []
    try:
        with random_numbers_apart():
            for mode in (True, False):
                copied.train(mode)
                found.append(_structure(copied.extract_feat(images)))
    except Exception:  # one that wants other images: it cannot be told
        return
    if found[0] != found[1]:
        raise ValueError(
            f'model.frozen names the backbone, but a {name} gives other maps '
            'in eval mode than while it trains, on which the decode head '
            'rests: set model.frozen_norm_eval to False.')


def _structure(feats):
    if isinstance(feats, Tensor):
        return feats.shape[1]
    return [_structure(part) for part in feats]


def projection_keys(head) -> List[str]:
    """Parameters of a decode head that depend on the number of classes.

    Args:
        head (dict or list[dict]): Config of the head or of a cascade.

    Returns:
        list[str]: Their names, under ``decode_head.``.
    """
    if isinstance(head, (list, tuple)):
        return [
            f'decode_head.{i}{key[len("decode_head"):]}'
            for i, stage in enumerate(head) for key in projection_keys(stage)
        ]
    with random_numbers_apart():
        few, many = (
            MODELS.build(set_out_channels(head, classes)).state_dict()
            for classes in (5, 7))
    return [
        f'decode_head.{key}' for key in few
        if key not in many or few[key].shape != many[key].shape
    ]


def classifier_keys(model: ConfigType) -> List[str]:
    """Parameters of a segmentor that depend on the number of classes.

    Args:
        model (dict): Config of the segmentor.

    Returns:
        list[str]: Their names, of the decode head and of auxiliary ones.
    """
    keys = projection_keys(model['decode_head'])
    auxiliary = model.get('auxiliary_head')
    if auxiliary:
        start = len('decode_head')
        keys += [
            f'auxiliary_head{key[start:]}'
            for key in projection_keys(auxiliary)
        ]
    return keys


def head_name(head: ConfigType) -> str:
    """Name of a decode head, or of the last stage of a cascade."""
    last = head[-1] if isinstance(head, (list, tuple)) else head
    return _head_class(last).__name__


def _head_class(head: ConfigType) -> type:
    # configs that import have the class itself
    kind = head['type']
    return kind if isinstance(kind, type) else MODELS.get(kind)


def _tensors(output) -> List[Tensor]:
    if isinstance(output, Tensor):
        return [output]
    if isinstance(output, (list, tuple)):
        return [tensor for part in output for tensor in _tensors(part)]
    return []
