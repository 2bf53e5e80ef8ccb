"""Maps of a segmentor's forward pass that configs name as levels."""
import re
from contextlib import ExitStack, contextmanager
from typing import Dict, List, Optional

from torch import Tensor, nn

from .call_recorder import record_output
from .head_capture import (HeadCapture, capture_head, check_capturable,
                           last_stage, penultimate_channels)
from .heads import classifies_points

_HEAD = re.compile(r'(decode_head|auxiliary_head)(?:\.(\d+))?(\.feature)?')
_STAGE = re.compile(r'(backbone|neck)\.(\d+)')


class SegmentorLevels:
    """Reads named maps of a segmentor while its forward runs.

    A level is ``'decode_head'``, ``'auxiliary_head'`` or, where there are
    several, ``'auxiliary_head.1'`` for the main logits of that head; with
    ``'.feature'`` behind it for its penultimate features; ``'backbone.3'`` or
    ``'neck.0'`` for an output of the backbone or the neck, counted from 0. Of
    a cascade ``'decode_head'`` is the last stage and ``'decode_head.0'`` the
    first; a stage that classifies points (PointRend) is no level.

    Args:
        segmentor (nn.Module): A segmentor of MMSegmentation.
    """

    def __init__(self, segmentor: nn.Module) -> None:
        self.segmentor = segmentor
        self.names: List[str] = []

    def watch(self, name: str, field: str = 'level') -> None:
        """Have a level recorded from now on.

        Args:
            name (str): The level.
            field (str): The config field that names it. Defaults to 'level'.

        Raises:
            ValueError: If the segmentor has no such level.
        """
        stage = _STAGE.fullmatch(str(name))
        unknown_count = (
            stage is not None and self._num_stages(stage[1]) is None
            and getattr(self.segmentor, stage[1], None) is not None)
        if name not in self.available() and not unknown_count:
            raise ValueError(f'{field} is {name!r}, but the segmentor has '
                             f'only the levels {self.available()}.')
        if name not in self.names:
            self.names.append(name)

    @property
    def num_classes(self) -> int:
        """int: number of classes of the segmentor."""
        return self.segmentor.num_classes

    def is_logits(self, name: str) -> bool:
        """Whether a level is a map of logits."""
        match = _HEAD.fullmatch(name)
        return match is not None and match[3] is None

    def head(self, name: str) -> Optional[nn.Module]:
        """The head of a level, None for one of the backbone or the neck."""
        match = _HEAD.fullmatch(name)
        if match is None:
            return None
        head = getattr(self.segmentor, match[1])
        if match[2] is not None:
            return head[int(match[2])]
        return last_stage(head)

    def channels(self, name: str) -> Optional[int]:
        """Channels of a level where they can be known, else None.

        Those of binary logits are two, see :func:`two_channel_logits`.
        """
        head = self.head(name)
        if head is None:
            return self._stage_channels(*_STAGE.fullmatch(name).groups())
        if self.is_logits(name):
            return max(head.out_channels, 2)
        return penultimate_channels(head)

    @contextmanager
    def capture(self):
        """Record the levels of the forwards in the scope.

        Yields:
            LevelMaps: By name, the maps of the last forward.
        """
        maps = LevelMaps()
        with ExitStack() as stack:
            for name in self.names:
                head = self.head(name)
                if head is None:
                    part, index = _STAGE.fullmatch(name).groups()
                    module = getattr(self.segmentor, part)
                    if part not in maps.stages:
                        maps.stages[part] = stack.enter_context(
                            record_output(module, 'forward'))
                    maps.stage_levels[name] = (part, int(index))
                else:
                    key = name.replace('.feature', '')
                    if key not in maps.heads:
                        maps.heads[key] = stack.enter_context(
                            capture_head(head, _logits_source(head)))
            yield maps

    def available(self) -> List[str]:
        """Names of the levels of the segmentor, as far as modules tell."""
        names = []
        for part in ('decode_head', 'auxiliary_head'):
            heads = getattr(self.segmentor, part, None)
            if heads is None:
                continue
            keys = {part: heads}
            if isinstance(heads, nn.ModuleList):
                keys = {f'{part}.{i}': head for i, head in enumerate(heads)}
                if part == 'decode_head':
                    keys = dict(decode_head=heads[-1]) | keys
            for key, head in keys.items():
                if classifies_points(head):
                    continue
                names.append(key)
                if _logits_source(head) == 'cls_seg':
                    names.append(f'{key}.feature')
        for part in ('backbone', 'neck'):
            names += [
                f'{part}.{i}' for i in range(self._num_stages(part) or 0)
            ]
        return names

    def _num_stages(self, part: str) -> Optional[int]:
        """Number of outputs of the backbone or the neck, if it is known."""
        module = getattr(self.segmentor, part, None)
        indices = getattr(module, 'out_indices', None)
        if isinstance(indices, (list, tuple)):
            return len(indices)
        count = getattr(module, 'num_outs', None)
        return count if isinstance(count, int) else None

    def _heads(self) -> List[nn.Module]:
        heads = []
        for part in ('decode_head', 'auxiliary_head'):
            found = getattr(self.segmentor, part, None)
            if isinstance(found, nn.ModuleList):
                heads += list(found)
            elif found is not None:
                heads.append(found)
        return heads

    def _stage_channels(self, part: str, index: str) -> Optional[int]:
        """Channels of an output, from what reads it."""
        index, known = int(index), {}
        neck = getattr(self.segmentor, 'neck', None)
        if part == 'backbone' and neck is not None:
            known = dict(enumerate(_as_list(getattr(neck, 'in_channels', []))))
        else:
            count = self._num_stages(part)
            for head in self._heads():
                indices = _as_list(getattr(head, 'in_index', []))
                channels = _as_list(getattr(head, 'in_channels', []))
                if len(indices) == len(channels):
                    indices = [
                        i + (count or 0) if i < 0 else i for i in indices
                    ]
                    known.update(zip(indices, channels))
        return known.get(index)


class LevelMaps:
    """The maps that one forward pass left, by the name of their level."""

    def __init__(self) -> None:
        self.heads: Dict[str, HeadCapture] = {}
        self.stages: dict = {}
        self.stage_levels: Dict[str, tuple] = {}

    def __contains__(self, name: str) -> bool:
        return self._find(name) is not None

    def __getitem__(self, name: str) -> Tensor:
        found = self._find(name)
        if found is None:
            raise RuntimeError(
                f'The level {name!r} gave no map of shape (N, C, h, w) in the '
                "segmentor's forward: name another one.")
        return found

    def _find(self, name: str) -> Optional[Tensor]:
        found = None
        if name in self.stage_levels:
            part, index = self.stage_levels[name]
            output = _as_list(self.stages[part].output)
            found = output[index] if index < len(output) else None
        elif name.replace('.feature', '') in self.heads:
            captured = self.heads[name.replace('.feature', '')]
            try:
                found = (
                    captured.features
                    if name.endswith('.feature') else captured.logits)
            except RuntimeError:  # it has not run, or gave no tensor
                pass
        is_map = isinstance(found, Tensor) and found.dim() == 4
        return found if is_map else None


def _logits_source(head: nn.Module) -> str:
    """How to capture the logits of a head."""
    try:
        check_capturable(head)
    except ValueError:
        # it returns logits without having passed through cls_seg
        return ':output'
    return 'cls_seg'


def _as_list(value) -> list:
    return list(value) if isinstance(value, (list, tuple)) else [value]
