"""Batches on disk as plain tensors and numbers.

A dump is read with ``weights_only=True``, like a checkpoint: a file that
somebody sends for inspection must not run code. Data samples are therefore
taken apart when they are written and built again when they are read.
"""
import importlib
from typing import Any, List, Optional

import numpy as np
import torch
from mmengine.structures import BaseDataElement

_TAG = '__kind__'
_PACKAGES = ('mmengine.', 'mmseg.', 'mmdet.', 'mmpretrain.', 'mmseg_ext.')


def encode(value: Any) -> Any:
    """Take a batch apart into types that a weights-only load accepts.

    Args:
        value (Any): Batch from a data loader: any nesting of dict, list,
            tuple, tensors, arrays, numbers, strings and data samples. What is
            none of these becomes its ``repr``.

    Returns:
        Any: The same nesting of plain types, tensors on the CPU. Tensors and
        arrays are shared, not copied, where they lie as they must.
    """
    if isinstance(value, torch.Tensor):
        return value.detach().cpu()
    if isinstance(value, np.ndarray) and value.dtype.kind in 'biufc':
        # torch takes no negative strides and warns of what is read-only
        value = np.require(value, requirements='CW')
        return {_TAG: 'array', 'data': torch.from_numpy(value)}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, BaseDataElement):
        cls = type(value)
        return {
            _TAG: 'sample',
            'module': cls.__module__,
            'name': cls.__qualname__,
            'metainfo': encode(value.metainfo),
            'fields': {
                k: encode(v)
                for k, v in value.items()
            }
        }
    content = _detection_content(value)
    if content is not None:
        return {
            _TAG: 'detection',
            'module': type(value).__module__,
            'name': type(value).__qualname__,
            'content': encode(content)
        }
    if isinstance(value, dict):
        return {k: encode(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        items = [encode(v) for v in value]
        return tuple(items) if isinstance(value, tuple) else items
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        return value
    return repr(value)


def decode(value: Any) -> Any:
    """Build again what :func:`encode` has taken apart.

    Args:
        value (Any): Result of :func:`encode`.

    Returns:
        Any: The batch.

    Raises:
        ValueError: If a class in it is not one of OpenMMLab's.
    """
    if isinstance(value, dict):
        kind = value.get(_TAG)
        if kind == 'array':
            return value['data'].numpy()
        if kind == 'sample':
            sample = _sample_class(value)(metainfo=decode(value['metainfo']))
            for name, field in value['fields'].items():
                setattr(sample, name, decode(field))
            return sample
        if kind == 'detection':
            return _detection_class(value)(*decode(value['content']))
        return {k: decode(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(decode(v) for v in value)
    return value


def _detection_content(value: Any) -> Optional[tuple]:
    """Arguments that build boxes or masks of mmdet again, else None."""
    kinds = [base.__name__ for base in type(value).__mro__]
    if 'BaseBoxes' in kinds:
        return (value.tensor, )
    if 'BaseInstanceMasks' in kinds:
        return value.masks, value.height, value.width
    return None


def _sample_class(value: dict) -> type:
    return _class_of(value, 'data sample', BaseDataElement.__name__)


def _detection_class(value: dict) -> type:
    return _class_of(value, 'value', 'BaseBoxes', 'BaseInstanceMasks')


def _class_of(value: dict, kind: str, *bases: str) -> type:
    """The class that a dump names, if it is of one of the kinds."""
    module, name = value['module'], value['name']
    cls = None
    if module.startswith(_PACKAGES):
        cls = getattr(importlib.import_module(module), name, None)
    if not (isinstance(cls, type) and any(base.__name__ in bases
                                          for base in cls.__mro__)):
        raise ValueError(f'The dump holds a {kind} of type {module}.'
                         f'{name}: expected one of OpenMMLab.')
    return cls


def image_paths(value: Any) -> List[str]:
    """Collect the image files of a batch, each once.

    Args:
        value (Any): Batch from a data loader.

    Returns:
        list[str]: Paths in the order of the batch.
    """
    if isinstance(value, BaseDataElement):
        path = value.metainfo.get('img_path')
        found = [] if path is None else [str(path)]
    elif isinstance(value, dict):
        found = [p for v in value.values() for p in image_paths(v)]
    elif isinstance(value, (list, tuple)):
        found = [p for v in value for p in image_paths(v)]
    else:
        found = []
    return list(dict.fromkeys(found))
