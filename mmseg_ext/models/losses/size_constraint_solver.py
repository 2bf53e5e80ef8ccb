"""The distribution nearest to a prediction that keeps the classes' sizes.

Shape shorthand: B images of n pixels and C classes.
"""
from typing import NamedTuple

import torch
from torch import Tensor

_NEVER = float('-inf')


class SizeConstraintSolution(NamedTuple):
    """Solution of the dual problem.

    Attributes:
        distribution (Tensor): Latent distribution :math:`P`, (B, C, n).
        lower (Tensor): Multipliers of the lower bounds, (B, C).
        upper (Tensor): Multipliers of the upper bounds, (B, C).
        num_iters (int): Iterations that were run.
    """
    distribution: Tensor
    lower: Tensor
    upper: Tensor
    num_iters: int


@torch.no_grad()
def solve_size_constraints(logits: Tensor,
                           weight: Tensor,
                           allowed: Tensor,
                           low: Tensor,
                           high: Tensor,
                           slack: float = 2.0,
                           num_iters: int = 300,
                           tolerance: float = 1e-6,
                           max_upper: float = 50.) -> SizeConstraintSolution:
    """Minimise the dual by accelerated projected gradient.

    With logits :math:`f`, pixel weights :math:`w` that sum up to 1, the set
    :math:`K` of allowed classes and :math:`\\mu = l - u`:

    .. math::
        P_i(c) = \\frac{e^{f_i(c) + \\mu_c}}{\\sum_{k \\in K}
        e^{f_i(k) + \\mu_k}}, \\quad
        \\min_{0 \\le l \\le s,\\; 0 \\le u} \\sum_i w_i \\log
        \\sum_{c \\in K} e^{f_i(c) + l_c - u_c} - l \\cdot low +
        u \\cdot high

    The Hessian in :math:`(l, u)` is at most 1, hence a step of 1 needs no line
    search; the momentum of an image restarts where it points uphill. A lower
    bound so shifts a class by no more than ``slack``. Bounds that contradict
    each other end at the caps.

    On a CPU the iteration stops when no multiplier moves by more than
    ``tolerance``. Elsewhere all iterations run, since to ask would make the
    host wait for the device.

    Args:
        logits (Tensor): Shape (B, C, n), float32 or float64.
        weight (Tensor): Weights of the pixels, 0 for those that do not count,
            (B, n); each row sums up to 1.
        allowed (Tensor): Classes that may have mass, bool (B, C), at least one
            an image.
        low (Tensor): Lower bounds of the mean of P, (B, C).
        high (Tensor): Upper bounds, (B, C).
        slack (float): Cap of the lower multipliers. Defaults to 2.0.
        num_iters (int): Most iterations. Defaults to 300.
        tolerance (float): Largest change at which to stop. Defaults to 1e-6.
        max_upper (float): Cap of the upper multipliers. Defaults to 50.

    Returns:
        SizeConstraintSolution: Without gradient.
    """
    # A class that may have no mass has no bounds either.
    low = low.masked_fill(~allowed, 0)
    high = high.masked_fill(~allowed, 1)
    logits = logits.masked_fill(~allowed[:, :, None], _NEVER)
    # One exponential of the map serves all iterations: P is
    # scores * exp(mu) / norm, and two matrix products give its means.
    scores = (logits - logits.amax(1, keepdim=True)).exp()

    offset = torch.stack([-low, high], 1)
    # filled there: a copy from the host would wait for the device
    sign, cap = offset.new_ones(1, 2, 1), offset.new_full((1, 2, 1), slack)
    sign[:, 1] = -1
    cap[:, 1] = max_upper
    floor = torch.zeros_like(cap)
    current = torch.zeros_like(offset)
    ahead = current
    momentum = offset.new_zeros(len(offset), 1, 1)
    early = logits.device.type == 'cpu'
    done = 0
    for done in range(1, num_iters + 1):
        mean, _ = _class_means(scores, weight, ahead[:, 0] - ahead[:, 1])
        gradient = offset + sign * mean[:, None]
        after = torch.clamp(ahead - gradient, min=floor, max=cap)
        change = after - current
        uphill = ((ahead - after) * change).sum((1, 2), keepdim=True) > 0
        momentum = (momentum + 1).masked_fill(uphill, 0)
        ahead = after + momentum / (momentum + 3) * change
        current = after
        if early and change.abs().max() <= tolerance:
            break
    lower, upper = current.unbind(1)
    _, norm = _class_means(scores, weight, lower - upper)
    shift = (lower - upper).exp()[:, :, None]
    return SizeConstraintSolution(scores * shift / norm, lower, upper, done)


def _class_means(scores: Tensor, weight: Tensor, shift: Tensor):
    """Means of the shifted distribution (B, C) and its norms (B, 1, n)."""
    factor = shift.exp()
    norm = torch.bmm(factor[:, None], scores)
    share = (weight[:, None] / norm).transpose(1, 2)
    return factor * torch.bmm(scores, share)[:, :, 0], norm
