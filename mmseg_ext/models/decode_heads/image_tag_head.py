from typing import Dict, Sequence

import torch
import torch.nn.functional as F
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from mmseg.utils import SampleList
from torch import Tensor

from ..utils.logits import without_autocast


@MODELS.register_module()
class ImageTagHead(BaseDecodeHead):
    """Tells which classes an image shows, and nothing about where.

    To supervise an encoder by tags of whole images: one map is averaged over
    the image, and a linear classifier gives one logit a class. The tags are
    read from the label maps at hand, of which no position is used. As a
    prediction the logits are the same at every pixel.

    Args:
        in_channels (int): Channels of the map.
        min_pixels (int): Pixels of a class that make a tag. Defaults to 1.
        dropout_ratio (float): Dropout ahead of the classifier. Defaults to 0.
        **kwargs: As of ``BaseDecodeHead`` without ``channels`` and
            ``loss_decode``.
    """

    def __init__(self,
                 in_channels: int,
                 min_pixels: int = 1,
                 dropout_ratio: float = 0.,
                 **kwargs) -> None:
        super().__init__(
            in_channels=in_channels,
            channels=in_channels,
            dropout_ratio=dropout_ratio,
            **kwargs)
        self.min_pixels = min_pixels

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Logits (N, num_classes, 1, 1).

        Args:
            inputs (Sequence[Tensor]): Maps of every level.
        """
        x = self._transform_inputs(inputs)
        return self.cls_seg(x.mean((2, 3), keepdim=True))

    def loss_by_feat(self, seg_logits: Tensor,
                     batch_data_samples: SampleList) -> Dict[str, Tensor]:
        """Binary cross entropy of the tags, and their accuracy in percent.

        Args:
            seg_logits (Tensor): Logits, (N, num_classes, 1, 1).
            batch_data_samples (list[SegDataSample]): Samples with labels.

        Returns:
            dict[str, Tensor]: ``loss_tags`` and ``acc_tags``.
        """
        tags = self.find_tags(self._stack_batch_gt(batch_data_samples))
        with without_autocast(seg_logits):
            logits = seg_logits.flatten(1).float()
            loss = F.binary_cross_entropy_with_logits(logits, tags.float())
            right = ((logits > 0) == tags).float().mean() * 100
        return dict(loss_tags=loss, acc_tags=right)

    def find_tags(self, labels: Tensor) -> Tensor:
        """Which classes label maps (N, 1, H, W) show, bool (N, C)."""
        labels = labels.flatten(1)
        known = labels.clamp(0, self.num_classes - 1)
        counts = torch.zeros(
            len(labels), self.num_classes, device=labels.device)
        counts.scatter_add_(1, known, (labels == known).float())
        return counts >= self.min_pixels
