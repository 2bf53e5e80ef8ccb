"""Which transforms of a pipeline have to do with labels, by their classes."""
from typing import Optional, Tuple, Union

from mmcv.transforms import LoadAnnotations
from mmseg.datasets.transforms import GenerateEdge
from mmseg.registry import TRANSFORMS

from ..utils.config_fields import type_name
from .transforms import GenerateBoundaryMap, MapSegLabels


def loads_labels(transform: dict) -> bool:
    """Whether the transform of a config loads labels."""
    return _is_a(transform, LoadAnnotations)


def makes_labels(transform: dict) -> bool:
    """Whether it loads labels or maps them to other ones."""
    return _is_a(transform, (LoadAnnotations, MapSegLabels))


def needs_labels(transform: dict) -> bool:
    """Whether it is of no use, or fails, without labels."""
    return 'Annotations' in type_name(transform) or _is_a(
        transform,
        (LoadAnnotations, MapSegLabels, GenerateBoundaryMap, GenerateEdge))


def _is_a(transform: dict, kinds: Union[type, Tuple[type, ...]]) -> bool:
    kind: Optional[Union[str, type]] = None
    if isinstance(transform, dict):
        kind = transform.get('type')
    kind = TRANSFORMS.get(kind) if isinstance(kind, str) else kind
    return isinstance(kind, type) and issubclass(kind, kinds)
