"""From maps of several classifiers to one map of ranks."""
from typing import Optional, Sequence

import torch
from torch import Tensor

NORMALIZATIONS = ('minmax', 'none', 'l2', 'percentile')
NUM_LEVELS = 10


def normalise_map(values: Tensor, mode: str = 'minmax') -> Optional[Tensor]:
    """Bring the map of one classifier to the scale of the others.

    Args:
        values (Tensor): Map, any shape, >= 0.
        mode (str): ``'minmax'`` to [0, 1]; ``'percentile'`` the same with
            values cut off at the 99th percentile; ``'l2'`` to norm 1;
            ``'none'``. Defaults to 'minmax'.

    Returns:
        Tensor or None: The map; None if it is constant or not finite, and so
        tells nothing.
    """
    low, high = values.min(), values.max()
    if not torch.isfinite(low + high) or low == high:
        return None
    if mode == 'none':
        return values
    if mode == 'l2':
        # the largest value first, whose square may not be representable
        values = values / high
        return values / values.norm()
    if mode == 'percentile':
        rank = max(round(0.99 * (values.numel() - 1)), 0) + 1
        high = values.flatten().kthvalue(rank).values
        if low == high:
            return None
        values = values.clamp(max=high)
    return (values - low) / (high - low)


def average_maps(maps: Sequence[Optional[Tensor]]) -> Optional[Tensor]:
    """The consensus: the mean over all classifiers.

    Args:
        maps (Sequence[Tensor, optional]): Normalised maps of one shape; None
            counts as zero.

    Returns:
        Tensor or None: The mean; None if all are None.
    """
    known = [values for values in maps if values is not None]
    if not known:
        return None
    return torch.stack(known).sum(0) / len(maps)


def to_deciles(scores: Tensor) -> Tensor:
    """Ranks of scores in ten levels of as many pixels each.

    .. math:: D(p) = \\lfloor 10\\, r(p) / N \\rfloor

    with the ascending rank r; of equal scores the later pixel ranks higher.
    The top level has ``N - ceil(0.9 N)`` pixels.

    Args:
        scores (Tensor): Shape (H, W).

    Returns:
        Tensor: uint8 (H, W), 0 to 9.
    """
    order = scores.flatten().argsort(stable=True)
    number = order.numel()
    ranks = torch.arange(number, device=order.device)
    levels = torch.empty(number, dtype=torch.uint8, device=order.device)
    levels[order] = (NUM_LEVELS * ranks // number).to(torch.uint8)
    return levels.view(scores.shape)
