"""Greedy non-maximum suppression."""
import torch
from torch import Tensor

__all__ = ['nms']

# Boxes that are decided at once: 2048 x 2048 overlaps are 16 MiB of floats.
BLOCK = 2048


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float,
        offset: int) -> Tensor:
    """Indices of the boxes that greedy non-maximum suppression keeps.

    A box is dropped when a kept box of a higher score overlaps it by more
    than the threshold. Boxes are decided in blocks of descending score: inside
    a block the decision is the fixed point of
    ``kept[j] = not any(kept[i] and overlap[i, j] for i < j)``, which a few
    matrix operations find; then the kept boxes drop what they overlap in the
    rest. No Python loop over boxes, and one synchronisation of the device for
    each step of the fixed point.

    Args:
        boxes (Tensor): Corners ``(x1, y1, x2, y2)`` in pixels, ``[N, 4]``.
        scores (Tensor): Scores, ``[N]``.
        iou_threshold (float): Overlap, 0 to 1, above which a box is dropped.
        offset (int): Added to widths and heights, 0 or 1.

    Returns:
        Tensor: Kept indices in descending order of score, int64 ``[K]``.
    """
    boxes = boxes.detach().to(torch.promote_types(boxes.dtype, torch.float32))
    order = scores.detach().argsort(descending=True, stable=True)
    kept = []
    while order.numel() > 0:
        head, tail = order[:BLOCK], order[BLOCK:]
        overlaps = _overlaps(boxes[head], boxes[head], iou_threshold, offset)
        head = head[_greedy(overlaps.triu(diagonal=1))]
        kept.append(head)
        # In blocks again, so that the memory stays bounded.
        order = torch.cat([
            part[~_overlaps(boxes[head], boxes[part], iou_threshold, offset).
                 any(0)] for part in tail.split(BLOCK)
        ]) if tail.numel() > 0 else tail
    return torch.cat(kept) if kept else order


def _overlaps(first: Tensor, second: Tensor, threshold: float,
              offset: int) -> Tensor:
    """Whether the overlap of two boxes is above the threshold, ``[N, M]``."""
    top_left = torch.maximum(first[:, None, :2], second[None, :, :2])
    bottom_right = torch.minimum(first[:, None, 2:], second[None, :, 2:])
    width, height = (bottom_right - top_left + offset).clamp(min=0).unbind(-1)
    intersection = width * height
    union = _area(first, offset)[:, None] + _area(second, offset)[None]
    # Without a division: boxes without an area overlap nothing.
    return intersection > threshold * (union - intersection)


def _area(boxes: Tensor, offset: int) -> Tensor:
    width, height = (boxes[:, 2:] - boxes[:, :2] + offset).unbind(-1)
    return width * height


def _greedy(overlaps: Tensor) -> Tensor:
    """Kept rows for strictly upper triangular ``overlaps``, bool ``[N]``."""
    kept = torch.ones_like(overlaps[0])
    while True:
        # Row i is final after i + 1 steps at the latest.
        update = ~(overlaps & kept[:, None]).any(0)
        if torch.equal(update, kept):
            return kept
        kept = update
