"""Stand-in for ``panopticapi``, which the package index does not carry.

mmdet's panoptic loading and PQ metric refuse to run without it, but call a few
functions only: the conversions between colours and segment ids, and the sums
behind panoptic quality. The real package wins where it is installed.
"""
import sys
from collections import defaultdict
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Dict, Optional, Tuple

import numpy as np

__all__ = [
    'OFFSET', 'PQStat', 'PQStatCat', 'VOID', 'apply', 'id2rgb', 'is_stand_in',
    'rgb2id'
]

# One more than the largest id that three bytes of colour hold.
OFFSET = 256**3
# The id of pixels without a segment.
VOID = 0


def rgb2id(color):
    """Segment ids of colours: ``R + 256 G + 256^2 B``.

    Args:
        color (np.ndarray | Sequence[int]): Image ``[H, W, 3]``, or one colour.

    Returns:
        np.ndarray | int: Ids, int32 ``[H, W]``, or one id.
    """
    if isinstance(color, np.ndarray) and color.ndim == 3:
        color = color.astype(np.int32)
        return color[..., 0] + 256 * color[..., 1] + 256**2 * color[..., 2]
    red, green, blue = (int(channel) for channel in color)
    return red + 256 * green + 256**2 * blue


def id2rgb(id_map):
    """Colours of segment ids, the inverse of :func:`rgb2id`.

    Args:
        id_map (np.ndarray | int): Ids below 2^24 of any shape, or one id.

    Returns:
        np.ndarray | list[int]: Colours, uint8 ``[..., 3]``, or one colour.
    """
    if isinstance(id_map, np.ndarray):
        id_map = id_map.astype(np.uint32)
        channels = [id_map >> shift & 255 for shift in (0, 8, 16)]
        return np.stack(channels, axis=-1).astype(np.uint8)
    return [int(id_map) >> shift & 255 for shift in (0, 8, 16)]


class PQStatCat:
    """Sums of one category: IoU of the matches, and counts of segments."""

    def __init__(self) -> None:
        self.iou = 0.0
        self.tp = 0
        self.fp = 0
        self.fn = 0

    def __iadd__(self, other: 'PQStatCat') -> 'PQStatCat':
        self.iou += other.iou
        self.tp += other.tp
        self.fp += other.fp
        self.fn += other.fn
        return self


class PQStat:
    """Panoptic quality, Eq. (1) and (2) of `Panoptic Segmentation
    <https://arxiv.org/abs/1801.00868>`_: ``PQ = SQ * RQ``, with ``SQ`` the
    mean IoU of the matches and ``RQ = TP / (TP + FP / 2 + FN / 2)``.
    """

    def __init__(self) -> None:
        self.pq_per_cat: Dict[int, PQStatCat] = defaultdict(PQStatCat)

    def __getitem__(self, category: int) -> PQStatCat:
        return self.pq_per_cat[category]

    def __iadd__(self, other: 'PQStat') -> 'PQStat':
        for category, sums in other.pq_per_cat.items():
            self.pq_per_cat[category] += sums
        return self

    def pq_average(self,
                   categories: Dict[int, dict],
                   isthing: Optional[bool] = None) -> Tuple[dict, dict]:
        """Mean over the categories that occur.

        Args:
            categories (dict[int, dict]): Categories by id; ``isthing`` is 1
                for things.
            isthing (bool, optional): Things only (True), stuff only (False),
                or both. Defaults to None, both.

        Returns:
            tuple[dict, dict]: Means ``pq``, ``sq``, ``rq`` (0 to 1) over ``n``
            categories, and the three of each category.
        """
        per_category, occurring = {}, []
        for category, info in categories.items():
            if isthing is not None and isthing != (info['isthing'] == 1):
                continue
            sums = self.pq_per_cat[category]
            result = dict(pq=0.0, sq=0.0, rq=0.0)
            segments = sums.tp + 0.5 * sums.fp + 0.5 * sums.fn
            if segments > 0:
                result['pq'] = sums.iou / segments
                result['sq'] = sums.iou / sums.tp if sums.tp else 0.0
                result['rq'] = sums.tp / segments
                occurring.append(result)
            per_category[category] = result
        means = {
            key: sum(result[key]
                     for result in occurring) / max(len(occurring), 1)
            for key in ('pq', 'sq', 'rq')
        }
        return dict(means, n=len(occurring)), per_category


def is_stand_in() -> bool:
    """Whether ``panopticapi`` is the stand-in of this module."""
    module = sys.modules.get('panopticapi')
    return getattr(module, '__stand_in__', False)


def apply() -> str:
    """Register the stand-in, unless the real package is installed.

    Returns:
        str: What was done.
    """
    if is_stand_in():
        return 'a stand-in for the functions that mmdet calls'
    if 'panopticapi' in sys.modules or find_spec('panopticapi') is not None:
        return 'nothing, panopticapi is installed'
    package = _module(
        'panopticapi',
        utils=_module('panopticapi.utils', rgb2id=rgb2id, id2rgb=id2rgb),
        evaluation=_module(
            'panopticapi.evaluation',
            OFFSET=OFFSET,
            VOID=VOID,
            PQStat=PQStat,
            PQStatCat=PQStatCat))
    package.__path__ = []
    package.__stand_in__ = True
    return 'a stand-in for the functions that mmdet calls'


def _module(name: str, **members) -> ModuleType:
    module = ModuleType(name, f'Stand-in for {name}, see {__name__}')
    module.__spec__ = ModuleSpec(name, loader=None, origin=__name__)
    module.__dict__.update(members)
    sys.modules[name] = module
    return module
