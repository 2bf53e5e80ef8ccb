"""Fusion of what each level makes of a RoI.

Shape shorthand: R RoIs, L levels, C channels.
"""
from typing import Iterable, Sequence

import torch
from torch import Tensor, nn

FUSIONS = ('max', 'sum')


def check_fusion(name: str, fusion: str, num_levels: int) -> None:
    """Check the options of a head that fuses levels.

    Args:
        name (str): Name of the head.
        fusion (str): How it fuses.
        num_levels (int): How many levels it takes.

    Raises:
        ValueError: If one of them is impossible.
    """
    if fusion not in FUSIONS:
        raise ValueError(f'{name}.fusion must be one of {FUSIONS} but is '
                         f'{fusion!r}.')
    if num_levels < 1:
        raise ValueError(f'{name}.num_levels must be 1 or more but is '
                         f'{num_levels}.')


def split_levels(x: Tensor, num_levels: int, head: str,
                 extractor: str) -> Sequence[Tensor]:
    """Take pooled features apart.

    Args:
        x (Tensor): (R, L, C, h, w), or (R, C, h, w) for one level.
        num_levels (int): L as the head wants it.
        head (str): Config field of the head.
        extractor (str): Config field of the RoI extractor.

    Returns:
        Sequence[Tensor]: L times (R, C, h, w).

    Raises:
        ValueError: If they are of another number of levels.
    """
    if num_levels == 1 and x.dim() == 4:
        return [x]
    if x.dim() != 5 or x.shape[1] != num_levels:
        found = (f'{x.shape[1]} levels'
                 if x.dim() == 5 else f'a tensor {tuple(x.shape)}')
        raise ValueError(
            f'{head}.num_levels={num_levels} wants features (R, {num_levels}, '
            f'C, h, w), but {extractor} gives {found}; use '
            "type='AdaptiveFeaturePooling' with as many featmap_strides, or "
            'num_levels=1 behind an extractor of one level.')
    return x.unbind(1)


def fuse(levels: Iterable[Tensor], layers: Iterable[nn.Module],
         fusion: str) -> Tensor:
    """Pass every level through its own layer and fuse the results.

    Args:
        levels (Iterable[Tensor]): One tensor a level.
        layers (Iterable[nn.Module]): One layer a level.
        fusion (str): ``'max'``, element-wise, or ``'sum'``, which is added up
            in float32 at least.

    Returns:
        Tensor: The fused features.
    """
    fused = None
    for level, layer in zip(levels, layers):
        x = layer(level)
        dtype = x.dtype
        if fusion == 'sum':
            x = x.to(torch.promote_types(dtype, torch.float32))
        if fused is None:
            fused = x
        else:
            fused = torch.maximum(fused, x) if fusion == 'max' else fused + x
    return fused.to(dtype)
