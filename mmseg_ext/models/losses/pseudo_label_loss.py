import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from ..utils.logits import full_precision, two_channel_logits, without_autocast
from ..utils.masks import resize_nearest
from .target_loss import BaseTargetLoss

_IGNORED = 255


@MODELS.register_module()
class PseudoLabelLoss(BaseTargetLoss):
    """Cross entropy of the target with labels that were made offline.

    The target's pipeline loads them, in which 255 is left out::

        target=dict(
            type='UnlabeledImageDataset',
            data_prefix=dict(
                img_path='images/train', seg_map_path='/pseudo/labels'),
            pipeline=[LoadImageFromFile, LoadAnnotations, AddValidMask, ...])

    A mean over the pixels that have a label, in float32 also under autocast,
    and a zero that is connected to the graph without any. Of `Bidirectional
    Learning for Domain Adaptation of Semantic Segmentation
    <https://arxiv.org/abs/1904.10620>`_.

    Args:
        level (str): Head whose logits learn. Defaults to 'decode_head'.
        loss_weight (float or dict): A number or the config of a schedule.
            Defaults to 1.0.
        resize_to (str, optional): ``'input'`` has logits upsampled to the
            size of the image, None takes labels at the grid of the logits.
            Defaults to 'input'.
        loss_name (str): Name in the log. Defaults to 'loss_pseudo_label'.
    """

    reads_labels = True
    """Whether :meth:`forward` gets the labels of the target."""

    def __init__(self, *args, loss_name: str = 'loss_pseudo_label', **kwargs):
        super().__init__(*args, loss_name=loss_name, **kwargs)

    def forward(self, logits: Tensor, valid: Tensor, labels: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            logits (Tensor): Shape (N, C, h, w); one channel is a binary head.
            valid (Tensor): Pixels that are not padding, bool of shape
                (N, H, W).
            labels (Tensor): Classes, int64 of shape (N, H, W).

        Returns:
            Tensor: A scalar, weighted.
        """
        with without_autocast(logits):
            logits = two_channel_logits(full_precision(logits))
            size = logits.shape[2:]
            labels = labels.masked_fill(~valid, _IGNORED)
            return self.loss_weight() * self.compute(
                logits, resize_nearest(labels, size))

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Mean cross entropy of labels (N, h, w) that are not ignored."""
        summed = F.cross_entropy(
            logits, labels, ignore_index=_IGNORED, reduction='sum')
        return summed / (labels != _IGNORED).sum().clamp(min=1)
