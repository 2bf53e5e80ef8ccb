"""Copying and averaging the state of one module into a twin of it."""
from typing import List, Tuple

import torch
import torch.nn as nn
from torch import Tensor

BUFFER_POLICIES = ('keep', 'copy', 'average')


class ModuleTwins:
    """The matched tensors of a target and a source of the same structure.

    Matching costs a walk over both modules, hence it is done once and the
    pairs of tensors are kept. Tensors are updated in place, so the pairs stay
    valid through ``load_state_dict`` and ``to``.

    Args:
        target (nn.Module): The module that is written to.
        source (nn.Module): The module that is read.

    Raises:
        ValueError: If names or shapes of parameters or buffers differ.
    """

    def __init__(self, target: nn.Module, source: nn.Module) -> None:
        self.params = self._match(
            dict(target.named_parameters()), dict(source.named_parameters()))
        buffers = self._match(
            dict(target.named_buffers()), dict(source.named_buffers()))
        is_float = [t.is_floating_point() for t in buffers[0]]
        self.float_buffers = _select(buffers, is_float)
        # Counters and masks: they have no average.
        self.other_buffers = _select(buffers, [not flag for flag in is_float])

    @staticmethod
    def _match(target: dict, source: dict) -> Tuple[List[Tensor], ...]:
        faults = [
            f'{name} is only in the {where}'
            for where, one, other in (('target', target, source),
                                      ('source', source, target))
            for name in one if name not in other
        ] + [
            f'{name} is {tuple(target[name].shape)} in the target and '
            f'{tuple(source[name].shape)} in the source' for name in target
            if name in source and target[name].shape != source[name].shape
        ]
        if faults:
            more = len(faults) - 3
            raise ValueError(
                'Teacher and student must be built from the same config, but '
                + '; '.join(faults[:3]) +
                (f'; and {more} more differences.' if more > 0 else '.'))
        return list(target.values()), [source[name] for name in target]

    @torch.no_grad()
    def copy_(self) -> None:
        """Copy every parameter and buffer of the source to the target."""
        _copy(self.params)
        _copy(self.float_buffers)
        _copy(self.other_buffers)

    @torch.no_grad()
    def lerp_(self, weight: float, buffers: str = 'keep') -> None:
        r"""Move the target towards the source: \(t \leftarrow t + w(s-t)\).

        Args:
            weight (float): \(w\), 1 minus the momentum of an EMA.
            buffers (str): What becomes of the buffers. ``keep``: the
                target's own forward passes update them. ``copy``: they are
                the source's. ``average``: floating point buffers are
                averaged like parameters, others are copied. Defaults to
                ``keep``.
        """
        _lerp(self.params, weight)
        if buffers == 'average':
            _lerp(self.float_buffers, weight)
        elif buffers == 'copy':
            _copy(self.float_buffers)
        if buffers != 'keep':
            _copy(self.other_buffers)


def copy_state_(target: nn.Module, source: nn.Module) -> None:
    """Copy all parameters and buffers of one module to its twin in place.

    Args:
        target (nn.Module): The module that is overwritten.
        source (nn.Module): A module of the same structure.

    Raises:
        ValueError: If names or shapes differ.
    """
    ModuleTwins(target, source).copy_()


def lerp_state_(target: nn.Module,
                source: nn.Module,
                weight: float,
                buffers: str = 'keep') -> None:
    """Move one module's state towards that of its twin in place.

    Args:
        target (nn.Module): The module that is moved.
        source (nn.Module): A module of the same structure.
        weight (float): Share of the source in the result, in [0, 1].
        buffers (str): ``keep``, ``copy`` or ``average``, see
            :meth:`ModuleTwins.lerp_`. Defaults to ``keep``.

    Raises:
        ValueError: If names or shapes differ.
    """
    ModuleTwins(target, source).lerp_(weight, buffers)


def _select(pairs, flags):
    return tuple([t for t, flag in zip(side, flags) if flag] for side in pairs)


def _copy(pairs) -> None:
    for target, source in zip(*pairs):
        target.copy_(source)


def _lerp(pairs, weight: float) -> None:
    target, source = pairs
    if not target:
        return
    # The kernel wants one dtype a pair: a student in half precision is read
    # in the precision of its teacher.
    source = [s.to(t.dtype) for t, s in zip(target, source)]
    torch._foreach_lerp_(target, source, weight)
