"""Pixel contrastive loss on accepted pseudo labels.

Shape shorthand: N images, D channels of an embedding, h x w its map; K
windows of side s, each with P = N * s * s pixels.
"""
import math
from typing import Optional, Tuple

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..utils.logits import without_autocast
from .pair_log_sums import MIN_TEMPERATURE, pair_log_sums

MODES = ('per_anchor', 'per_class')
# Stands for minus infinity, whose differences are no numbers.
_NEVER = -1e9
_LOG_EPS = math.log(1e-8)


def sample_windows(num_windows: int, window_size: int, height: int,
                   width: int) -> Tensor:
    """Draw the top left corners of square windows in a map.

    Drawn on the CPU by torch's global generator: slicing by them costs no
    synchronisation with the device.

    Args:
        num_windows (int): Number K of windows.
        window_size (int): Side of a window, clipped to the map's.
        height (int): Height of the map.
        width (int): Width of the map.

    Returns:
        Tensor: Corners (y, x), int64 of shape (K, 2) on the CPU.
    """
    size = min(window_size, height, width)
    top = torch.randint(height - size + 1, (num_windows, ))
    left = torch.randint(width - size + 1, (num_windows, ))
    return torch.stack([top, left], dim=1)


@MODELS.register_module()
class PixelContrastLoss(nn.Module):
    """Pulls a pixel to the teacher's pixels of its class, off the others.

    Of `Semi-supervised Semantic Segmentation with Error Localization Network
    <https://arxiv.org/abs/2204.02078>`_. With :math:`f` the student's and
    :math:`f'` the teacher's embeddings, and
    :math:`d(a, b) = \\exp(\\cos(a, b) / \\tau)`, pixels are compared within
    random windows, across all images of the batch. Only valid pixels (those
    whose pseudo label is accepted) take part, as anchors and as keys. The
    result is the mean over the windows, to which one without a valid pixel
    adds 0.

    ``mode='per_anchor'``, the formula of the paper, over valid pixels
    :math:`V`, positives :math:`p` of the anchor's class and negatives
    :math:`n` of others:

    .. math::
        -\\frac{1}{|V|} \\sum_{i \\in V} \\log \\frac{\\sum_p d(f_i, f'_p)}
        {\\sum_p d(f_i, f'_p) + \\sum_n d(f_i, f'_n)}

    ``mode='per_class'``, what the authors' code computes, the mean over the
    classes :math:`c` present, with :math:`N_c` pixels each, of

    .. math::
        -\\frac{1}{N_c} \\log \\frac{S^+_c}{S^+_c + S^-_c}, \\quad
        S^+_c = \\sum_{i \\in c} \\sum_{p \\in c} d(f'_i, f_p), \\quad
        S^-_c = \\sum_{i \\in c} \\sum_{n \\notin c} d(f'_i, f_n)

    The two are not rescalings of one another: per class, value and gradient
    are some three orders of magnitude smaller at usual sizes.

    Everything is computed in float32, also under autocast, without waiting
    for the device. Where similarities are many they exist one block at a
    time and are computed again in the backward pass, so memory is bounded
    whatever the windows.
    In distributed training each rank compares the pixels of its own batch.

    Args:
        mode (str): ``'per_anchor'`` or ``'per_class'``. Defaults to
            'per_anchor'.
        temperature (float): :math:`\\tau`. Defaults to 0.5.
        num_windows (int): Number of windows. Defaults to 8.
        window_size (int): Side of a window in pixels of the embedding,
            clipped to its map. Defaults to 32.
        max_anchors (int, optional): Draw at most so many anchors in a
            window, valid ones first. Only per anchor. Defaults to None,
            which takes all.
        max_pairs (int, optional): Similarities held at a time. Defaults to
            None, which suits the device (at most 2 ** 25, some 300 MB).
        loss_weight (float): Weight of the loss. Defaults to 1.0.
        loss_name (str): Name in the log. Defaults to 'loss_contrast'.

    Raises:
        ValueError: If a setting is outside what is listed.
    """

    def __init__(self,
                 mode: str = 'per_anchor',
                 temperature: float = 0.5,
                 num_windows: int = 8,
                 window_size: int = 32,
                 max_anchors: Optional[int] = None,
                 max_pairs: Optional[int] = None,
                 loss_weight: float = 1.0,
                 loss_name: str = 'loss_contrast') -> None:
        super().__init__()
        if mode not in MODES:
            raise ValueError(f'PixelContrastLoss.mode must be one of {MODES} '
                             f'but is {mode!r}.')
        positive = dict(
            num_windows=num_windows,
            window_size=window_size,
            max_anchors=1 if max_anchors is None else max_anchors,
            max_pairs=1 if max_pairs is None else max_pairs)
        for name, value in positive.items():
            if value <= 0:
                raise ValueError(f'PixelContrastLoss.{name} must be positive '
                                 f'but is {value}.')
        if temperature < MIN_TEMPERATURE:
            raise ValueError('PixelContrastLoss.temperature must be at least '
                             f'{MIN_TEMPERATURE} but is {temperature}.')
        if max_anchors is not None and mode == 'per_class':
            raise ValueError('PixelContrastLoss.max_anchors is for '
                             "mode='per_anchor': the sums of 'per_class' "
                             'need all pixels; leave it None.')
        self.mode = mode
        self.temperature = temperature
        self.num_windows = num_windows
        self.window_size = window_size
        self.max_anchors = max_anchors
        self.max_pairs = max_pairs
        self.loss_weight = loss_weight
        self._loss_name = loss_name

    def forward(self,
                student_embedding: Tensor,
                teacher_embedding: Tensor,
                labels: Tensor,
                valid_mask: Tensor,
                window_offsets: Optional[Tensor] = None) -> Tensor:
        """Compute the loss.

        Args:
            student_embedding (Tensor): Shape (N, D, h, w).
            teacher_embedding (Tensor): Shape (N, D, h, w). Detached here.
            labels (Tensor): Pseudo labels, int64 of shape (N, h, w).
            valid_mask (Tensor): Accepted pixels, bool of shape (N, h, w).
            window_offsets (Tensor, optional): Corners (y, x) of the windows,
                int64 of shape (K, 2) on the CPU. Defaults to None, which
                draws them by :func:`sample_windows`.

        Returns:
            Tensor: A scalar.
        """
        height, width = student_embedding.shape[-2:]
        size = min(self.window_size, height, width)
        if window_offsets is None:
            window_offsets = sample_windows(self.num_windows, size, height,
                                            width)
        windows = _to_slices(window_offsets, size, height, width)
        with without_autocast(student_embedding):
            student = _cut(student_embedding.float(), windows)
            teacher = _cut(teacher_embedding.detach().float(), windows)
            student = _normalize(student)
            teacher = _normalize(teacher)
            label = _cut(labels[:, None], windows).squeeze(-1)
            valid = _cut(valid_mask[:, None], windows).squeeze(-1)
            if self.mode == 'per_anchor':
                loss = self._per_anchor(student, teacher, label, valid)
            else:
                loss = self._per_class(student, teacher, label, valid)
            return self.loss_weight * loss.mean()

    def _per_anchor(self, student: Tensor, teacher: Tensor, label: Tensor,
                    valid: Tensor) -> Tensor:
        """Loss of each window, (K, ): rows are the student's anchors."""
        anchor, anchor_label, anchor_valid = student, label, valid
        if self.max_anchors is not None and self.max_anchors < label.shape[1]:
            # A draw of fixed size that takes valid pixels first.
            chance = torch.rand(valid.shape, device=valid.device) + valid
            index = chance.topk(self.max_anchors, dim=1).indices
            anchor_label = label.gather(1, index)
            anchor_valid = valid.gather(1, index)
            anchor = student.gather(
                1, index[..., None].expand(-1, -1, student.shape[-1]))
        positive, total = self._log_sums(anchor, teacher, anchor_label, label,
                                         valid, anchor_valid)
        loss = (total - positive).masked_fill(~anchor_valid, 0)
        return loss.sum(1) / anchor_valid.sum(1).clamp(min=1)

    def _per_class(self, student: Tensor, teacher: Tensor, label: Tensor,
                   valid: Tensor) -> Tensor:
        """Loss of each window, (K, ): rows are the teacher's pixels."""
        positive, total = self._log_sums(teacher, student, label, label, valid,
                                         valid)
        # Classes are numbered by their rank in the window, which needs no
        # look at their values: as many slots as pixels are enough.
        slot = _dense_ranks(label.masked_fill(~valid, -1))
        count = torch.zeros_like(positive).scatter_add(1, slot, valid.float())
        positive = _sum_by_slot(positive, slot, valid).clamp(min=_LOG_EPS)
        total = _sum_by_slot(total, slot, valid).clamp(min=_LOG_EPS)
        present = count > 0
        loss = ((total - positive) / count.clamp(min=1))
        loss = loss.masked_fill(~present, 0)
        return loss.sum(1) / present.sum(1).clamp(min=1)

    def _log_sums(self, rows: Tensor, columns: Tensor, row_label: Tensor,
                  column_label: Tensor, column_valid: Tensor,
                  row_valid: Tensor) -> Tuple[Tensor, Tensor]:
        return pair_log_sums(rows, columns, row_label, column_label,
                             column_valid, self.temperature, self.max_pairs,
                             row_valid)

    @property
    def loss_name(self) -> str:
        """str: name in the log."""
        return self._loss_name


def _to_slices(offsets: Tensor, size: int, height: int, width: int) -> list:
    windows = [(int(y), int(x)) for y, x in torch.as_tensor(offsets).tolist()]
    for y, x in windows:
        if not (0 <= y <= height - size and 0 <= x <= width - size):
            raise ValueError(
                f'A window of side {size} at {(y, x)} leaves the map of '
                f'{height}x{width} pixels: window_offsets must lie within '
                f'(0, 0) and {(height - size, width - size)}.')
    return [(slice(y, y + size), slice(x, x + size)) for y, x in windows]


def _cut(maps: Tensor, windows: list) -> Tensor:
    """Windows of maps (N, D, h, w) as rows of pixels, (K, P, D)."""
    cut = torch.stack([maps[(..., *window)] for window in windows])
    return cut.permute(0, 1, 3, 4, 2).flatten(1, 3)


def _normalize(embedding: Tensor) -> Tensor:
    norm = embedding.norm(dim=-1, keepdim=True)
    return embedding / norm.clamp(min=1e-8)


def _dense_ranks(values: Tensor) -> Tensor:
    """Rank of each value among the distinct ones of its row."""
    ordered, order = values.sort(dim=1)
    step = torch.zeros_like(ordered)
    step[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    return torch.empty_like(order).scatter_(1, order, step.cumsum(1))


def _sum_by_slot(log_values: Tensor, slot: Tensor, valid: Tensor) -> Tensor:
    """Logarithm of the sum of exponentials within each slot, (K, P)."""
    log_values = log_values.masked_fill(~valid, _NEVER)
    peak = torch.full_like(log_values,
                           _NEVER).scatter_reduce(1, slot, log_values.detach(),
                                                  'amax')
    scaled = (log_values - peak.gather(1, slot)).exp().masked_fill(~valid, 0)
    total = torch.zeros_like(log_values).scatter_add(1, slot, scaled)
    # Slots without a pixel are dropped by the caller; 1 keeps them finite.
    return peak + total.masked_fill(total == 0, 1).log()
