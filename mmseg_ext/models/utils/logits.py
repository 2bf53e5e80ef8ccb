import math
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor


def without_autocast(tensor: Tensor) -> torch.autocast:
    """A scope in which nothing on the tensor's device is autocast."""
    return torch.autocast(device_type=tensor.device.type, enabled=False)


def full_precision(tensor: Tensor) -> Tensor:
    """The tensor in float32, or in float64 where it is."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def two_channel_logits(logits: Tensor,
                       threshold: Optional[float] = None) -> Tensor:
    """Write the logits of a binary head as those of two classes.

    One channel :math:`z` becomes :math:`(-z/2, z/2)`, whose softmax is
    :math:`(1 - \\sigma(z), \\sigma(z))`. Logits of two or more channels are
    returned as they are.

    Args:
        logits (Tensor): Logits of shape (N, C, H, W).
        threshold (float, optional): Threshold of the head's decision. If
            given, :math:`z` is shifted by the threshold's logit so that the
            argmax of the two channels is that decision. Defaults to None,
            which is a threshold of 0.5.

    Returns:
        Tensor: Logits of shape (N, max(C, 2), H, W).
    """
    if logits.shape[1] > 1:
        return logits
    if threshold is not None:
        logits = logits - math.log(threshold / (1 - threshold))
    return torch.cat([-logits / 2, logits / 2], dim=1)


def prediction_from_logits(logits: Tensor,
                           threshold: Optional[float] = None) -> Tensor:
    """Class of each pixel, as the stock segmentor decides it.

    Args:
        logits (Tensor): Logits of shape (N, C, H, W).
        threshold (float, optional): Threshold on the sigmoid of one-channel
            logits (``decode_head.threshold``). Defaults to None, which is
            0.5.

    Returns:
        Tensor: Class indices, int64 of shape (N, H, W).
    """
    if logits.shape[1] == 1:
        threshold = 0.5 if threshold is None else threshold
        return (logits[:, 0].sigmoid() > threshold).long()
    return largest_channel(logits)


def largest_channel(scores: Tensor, keepdim: bool = False) -> Tensor:
    """Index of the largest channel, the first of equal ones.

    ``argmax`` says the same, but torch seeks it element by element on a CPU,
    which takes two to twelve times as long.

    Args:
        scores (Tensor): Shape (N, C, ...).
        keepdim (bool): Whether a channel dimension of 1 stays. Defaults to
            False.

    Returns:
        Tensor: int64 of shape (N, ...) or (N, 1, ...), without gradient.
    """
    return scores.detach().max(dim=1, keepdim=keepdim).indices


def decided_class(logits: Tensor,
                  threshold: Optional[float] = None,
                  keepdim: bool = False) -> Tensor:
    """Class that a head decides for, out of the logits of two or more.

    Args:
        logits (Tensor): Logits of shape (N, C, H, W), C >= 2.
        threshold (float, optional): That of a head of one channel, whose
            logits :func:`two_channel_logits` has written as these. Defaults
            to None, the largest channel.
        keepdim (bool): Whether a channel dimension of 1 stays. Defaults to
            False.

    Returns:
        Tensor: int64 of shape (N, H, W) or (N, 1, H, W), without gradient.
    """
    if threshold is not None:
        logits = two_channel_logits(logits[:, 1:] - logits[:, :1], threshold)
    return largest_channel(logits, keepdim)


def softmax_entropy(logits: Tensor) -> Tensor:
    """Entropy of the softmax over the channels, in nats and float32.

    .. math:: E = -\\sum_c p_c \\log p_c, \\quad 0 \\le E \\le \\ln C

    Args:
        logits (Tensor): Logits of shape (N, C, H, W), C >= 2.

    Returns:
        Tensor: Entropy of shape (N, 1, H, W), float32 also under autocast.
    """
    with without_autocast(logits):
        log_prob = F.log_softmax(logits.float(), dim=1)
        return -(log_prob.exp() * log_prob).sum(dim=1, keepdim=True)
