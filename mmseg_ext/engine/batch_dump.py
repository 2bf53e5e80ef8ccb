"""Batches on disk as plain tensors and numbers.

A dump is read with ``weights_only=True``, like a checkpoint: a file that
somebody sends for inspection must not run code. Data samples are therefore
taken apart when they are written and built again when they are read.
"""
import importlib
from typing import Any, List

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
        Any: The same nesting of plain types, tensors on the CPU.
    """
    if isinstance(value, torch.Tensor):
        return value.detach().cpu()
    if isinstance(value, np.ndarray) and value.dtype != object:
        return {_TAG: 'array', 'data': torch.from_numpy(value.copy())}
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
        ValueError: If a data sample's class is not one of OpenMMLab's.
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
        return {k: decode(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(decode(v) for v in value)
    return value


def _sample_class(value: dict) -> type:
    module, name = value['module'], value['name']
    cls = None
    if module.startswith(_PACKAGES):
        cls = getattr(importlib.import_module(module), name, None)
    if not (isinstance(cls, type) and issubclass(cls, BaseDataElement)):
        raise ValueError(f'The dump holds a data sample of type {module}.'
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
