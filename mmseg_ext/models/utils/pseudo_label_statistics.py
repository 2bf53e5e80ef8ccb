from typing import Dict, Optional

import torch
import torch.nn as nn
from mmengine.dist import all_reduce
from torch import Tensor

_LANES = 256


class PseudoLabelStatistics(nn.Module):
    """Counts per class of pseudo labels, gathered on the device.

    Updates neither wait for the device nor reduce over ranks; both happen in
    :meth:`summary`. The counts are not part of the checkpoint.

    Args:
        num_classes (int): Number of classes :math:`C`.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        # Rows: predicted pixels, kept pixels, sum of confidence. The last
        # column takes what does not count.
        self.register_buffer(
            'counts',
            torch.zeros(3, num_classes + 1, dtype=torch.float64),
            persistent=False)

    @torch.no_grad()
    def update(self,
               pseudo_label: Tensor,
               keep_mask: Tensor,
               confidence: Tensor,
               valid_mask: Optional[Tensor] = None) -> None:
        """Add the pseudo labels of a batch.

        Args:
            pseudo_label (Tensor): Classes, integer, any shape. Values outside
                [0, C) do not count.
            keep_mask (Tensor): True where the label is used, same shape.
            confidence (Tensor): Confidence of the label, same shape.
            valid_mask (Tensor, optional): False on padding, same shape.
                Defaults to None, all valid.
        """
        counted = (pseudo_label >= 0) & (pseudo_label < self.num_classes)
        if valid_mask is not None:
            counted = counted & valid_mask.bool()
        index = pseudo_label.long().masked_fill(~counted, self.num_classes)
        values = torch.stack([
            torch.ones_like(confidence, dtype=torch.float64),
            keep_mask.to(torch.float64),
            confidence.to(torch.float64)
        ]).flatten(1)
        # Flat, since only then the addition has a deterministic kernel, and
        # spread over many bins a class, since otherwise they queue for few.
        index, bins = index.flatten(), self.num_classes + 1
        lane = torch.arange(index.numel(), device=index.device) % _LANES
        index = lane * bins + index
        for row, value in zip(self.counts, values):
            row += value.new_zeros(_LANES * bins).scatter_add_(
                0, index, value).view(_LANES, bins).sum(0)

    def summary(self) -> Dict[str, Tensor]:
        """Give the statistics over all ranks since the last reset.

        Every rank must call it. A ratio of nothing is 0.

        Returns:
            dict[str, Tensor]: ``predicted``, ``kept`` (pixels), ``share`` (of
            the class among all predictions), ``kept_ratio`` (of the class's
            predictions), ``confidence`` (mean), each float64 (C, ) on the
            CPU, the same on all ranks.
        """
        counts = self.counts.clone()
        all_reduce(counts)
        predicted, kept, confidence = counts[:, :-1].cpu()
        per_class = predicted.clamp(min=1)
        return dict(
            predicted=predicted,
            kept=kept,
            share=predicted / predicted.sum().clamp(min=1),
            kept_ratio=kept / per_class,
            confidence=confidence / per_class)

    def reset(self) -> None:
        """Forget everything."""
        self.counts.zero_()
