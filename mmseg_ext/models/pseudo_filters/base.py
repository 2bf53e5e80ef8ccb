"""Networks and rules that judge the pixels of a predicted segmentation.

Shape shorthand: N images (N, D, H, W), D image channels; logits
(N, C, h, w) of C >= 2 classes on any grid.
"""
from abc import ABCMeta, abstractmethod
from typing import Dict, NamedTuple, Optional, Tuple

import torch
from mmengine.model import BaseModule
from mmseg.utils import OptMultiConfig
from torch import Tensor

from ..utils.logits import decided_class


class PseudoLabels(NamedTuple):
    """What a filter makes of a prediction, on the grid of its logits.

    Attributes:
        labels (Tensor): Class indices, int64 of shape (N, h, w).
        keep (Tensor): Accepted pixels, bool of shape (N, h, w).
        score (Tensor): How sure the filter is that the label is right, in
            [0, 1], of shape (N, h, w).
    """
    labels: Tensor
    keep: Tensor
    score: Tensor


class BasePseudoFilter(BaseModule, metaclass=ABCMeta):
    """Base of filters, which turn a prediction into pseudo labels.

    A subclass gives :meth:`forward` and :meth:`select`; one that learns
    also gives :meth:`loss` and sets ``trainable``. No filter lets a gradient
    through to the logits that it reads. Modes of its layers are those that
    :meth:`train` sets; :func:`eval_dropout` switches its dropout off for a
    selection.

    Args:
        num_classes (int): Number C of channels of the logits, two for a
            binary segmentor.
        image_channels (int): Number D. Defaults to 3.
        align_corners (bool): How maps are resized. Defaults to False.
        init_cfg (dict or list[dict], optional): Initialisation. Defaults to
            None.
        decision_threshold (float, optional): Threshold on the probability of
            class 1 by which a head of one channel decides. Defaults to None:
            the class of the largest logit.

    Raises:
        ValueError: If ``num_classes`` is less than two, or not two with a
            ``decision_threshold``.
    """

    trainable: bool = False
    """Whether the filter learns: has parameters and a loss."""

    def __init__(self,
                 num_classes: int,
                 image_channels: int = 3,
                 align_corners: bool = False,
                 init_cfg: OptMultiConfig = None,
                 decision_threshold: Optional[float] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        if num_classes < 2:
            raise ValueError(
                f'{type(self).__name__}.num_classes counts the channels of '
                f'the logits and must be at least 2 but is {num_classes}; for '
                'a binary head of one channel give 2.')
        if decision_threshold is not None and num_classes != 2:
            raise ValueError(
                f'{type(self).__name__}.decision_threshold is '
                f'{decision_threshold}, for a binary head of one channel, but '
                f'num_classes is {num_classes} and not 2: leave it out.')
        self.num_classes = num_classes
        self.image_channels = image_channels
        self.align_corners = align_corners
        self.decision_threshold = decision_threshold

    def decide(self, logits: Tensor, keepdim: bool = False) -> Tensor:
        """Predicted classes, see :func:`decided_class`."""
        return decided_class(logits, self.decision_threshold, keepdim)

    @abstractmethod
    def forward(self, images: Tensor, logits: Tensor) -> Tensor:
        """Raw scores of the pixels.

        Args:
            images (Tensor): Normalised images of shape (N, D, H, W).
            logits (Tensor): Logits of shape (N, C, h, w).

        Returns:
            Tensor: Shape (N, 1, h', w') or (N, C, h', w').
        """

    @abstractmethod
    def select(self, images: Tensor, logits: Tensor) -> PseudoLabels:
        """Pseudo labels, without gradient.

        Args:
            images (Tensor): Normalised images of shape (N, D, H, W).
            logits (Tensor): Logits of shape (N, C, h, w).

        Returns:
            PseudoLabels: Labels, accepted pixels and scores.
        """

    def localize(self, images: Tensor,
                 logits: Tensor) -> Tuple[Tensor, Tensor]:
        """Judge the prediction that the logits make, without gradient.

        Differs from :meth:`select` where a filter replaces labels.

        Args:
            images (Tensor): Normalised images of shape (N, D, H, W).
            logits (Tensor): Logits of shape (N, C, h, w).

        Returns:
            tuple[Tensor, Tensor]: Pixels judged right, bool of shape
            (N, h, w), and how sure the filter is that they are, in [0, 1].
        """
        selected = self.select(images, logits)
        return selected.keep, selected.score

    def loss(self,
             images: Tensor,
             logits: Tensor,
             seg_label: Tensor,
             valid_mask: Tensor,
             ignore_index: int = 255) -> Dict[str, Tensor]:
        """Losses of the filter on a prediction for labelled images.

        Args:
            images (Tensor): Normalised images of shape (N, D, H, W).
            logits (Tensor): Logits of shape (N, C, h, w).
            seg_label (Tensor): Ground truth, int64 of shape (N, H, W).
            valid_mask (Tensor): Pixels that are not padding, bool of shape
                (N, H, W).
            ignore_index (int): Label of void pixels. Defaults to 255.

        Returns:
            dict[str, Tensor]: Losses, and figures to log; empty for a
            filter that does not learn.
        """
        return {}


def mean_where(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over the pixels of a mask, a connected zero without any."""
    summed = values.masked_fill(~mask, 0).sum(dtype=torch.float32)
    return summed / mask.sum().clamp(min=1)
