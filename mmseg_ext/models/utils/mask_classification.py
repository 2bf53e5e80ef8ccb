"""Heads that classify masks, where a method reads classes of pixels.

Shape shorthand: B images, Q queries, K classes, maps h x w.
"""
from typing import Sequence, Tuple, Union

import torch
from torch import Tensor, nn

from .logits import full_precision, without_autocast

# Below this share of all classes a score is as good as none.
LEAST_SHARE = 1e-6


def classifies_masks(head: Union[nn.Module, type]) -> bool:
    """Whether a head, or its class, is of the family of MaskFormer."""
    kind = head if isinstance(head, type) else type(head)
    # by name: mmdet, which has it, may not be installed
    return any(base.__name__ == 'MaskFormerHead' for base in kind.__mro__)


def class_scores(cls_scores: Tensor, masks: Tensor) -> Tensor:
    """Sums over the queries of class times mask probability.

    Args:
        cls_scores (Tensor): Logits of classes and of none, (B, Q, K + 1).
        masks (Tensor): Logits of masks, (B, Q, h, w).

    Returns:
        Tensor: Scores as of MMSegmentation's ``Mask2FormerHead``, which are
        no logits, (B, K, h, w), at least float32.
    """
    with without_autocast(masks):
        classes = full_precision(cls_scores).softmax(-1)[..., :-1]
        return torch.einsum('bqk,bqhw->bkhw', classes,
                            full_precision(masks).sigmoid())


def log_shares(scores: Tensor) -> Tensor:
    """Logarithm of the share of each class in a pixel's scores.

    Its softmax is that share and its arg-max that of the scores, so what
    takes logits takes it.

    Args:
        scores (Tensor): As of :func:`class_scores`, (B, K, h, w).

    Returns:
        Tensor: Shape (B, K, h, w).
    """
    share = scores / scores.sum(1, keepdim=True).clamp(min=LEAST_SHARE)
    return share.clamp(min=LEAST_SHARE).log()


def prediction_logits(head: nn.Module, prediction: Tensor) -> Tensor:
    """Logits, of which a softmax makes sense, of what a segmentor predicts.

    Args:
        head (nn.Module): Its decode head.
        prediction (Tensor): ``seg_logits`` of one image, (K, H, W).

    Returns:
        Tensor: Log shares where the head gives :func:`class_scores`, else as
        they are; at least float32.
    """
    prediction = full_precision(prediction)
    # OneFormerHead gives log shares on demand
    if classifies_masks(head) and getattr(head, 'output', 'score') == 'score':
        return log_shares(prediction[None])[0]
    return prediction


def read_logits(output: Tuple[Sequence[Tensor], Sequence[Tensor]]) -> Tensor:
    """Log shares of the last layer of what such a head's forward returns.

    Args:
        output (tuple): Logits of classes and of masks of each layer.

    Returns:
        Tensor: Shape (B, K, h, w).
    """
    cls_scores, masks = output
    return log_shares(class_scores(cls_scores[-1], masks[-1]))
