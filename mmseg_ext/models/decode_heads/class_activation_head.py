from typing import Dict, Optional, Sequence

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from mmseg.utils import SampleList
from torch import Tensor

from ..utils.logits import without_autocast
from .image_tag_head import ImageTagHead


@MODELS.register_module()
class ClassActivationHead(ImageTagHead):
    """Learns which new classes images show; its map tells where they may be.

    A linear classifier of each pixel, whose logits are pooled over the image.
    The tags are the ``image_labels`` of the samples: no label of a pixel is
    read. It gives the logits of the pixels, the class activation maps.

    Args:
        num_old_classes (int): The first channels, which have no tags.
        sharpness (float, optional): r of the pooling
            :math:`\\frac{1}{r} \\log \\mathrm{mean}\\, e^{r z}`; large ones
            near the maximum. None is the mean. Defaults to None.
        **kwargs: As of :class:`ImageTagHead`.
    """

    def __init__(self,
                 num_old_classes: int,
                 sharpness: Optional[float] = None,
                 **kwargs) -> None:
        super().__init__(**kwargs)
        self.num_old_classes = num_old_classes
        self.sharpness = sharpness

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Class activation maps (N, num_classes, h, w).

        Args:
            inputs (Sequence[Tensor]): Maps of every level.
        """
        return self.cls_seg(self._transform_inputs(inputs))

    def pool(self, maps: Tensor) -> Tensor:
        """Logits of the images, (N, num_classes)."""
        maps = maps.float().flatten(2)
        if self.sharpness is None:
            return maps.mean(2)
        scaled = (maps * self.sharpness).logsumexp(2)
        size = torch.tensor(float(maps.shape[2])).log()
        return (scaled - size) / self.sharpness

    def loss_by_feat(self, seg_logits: Tensor,
                     batch_data_samples: SampleList) -> Dict[str, Tensor]:
        """Binary cross entropy of the tags, and their accuracy in percent.

        Args:
            seg_logits (Tensor): Maps (N, num_classes, h, w).
            batch_data_samples (list[SegDataSample]): Samples with
                ``image_labels``.

        Returns:
            dict[str, Tensor]: ``loss_tags`` and ``acc_tags``.
        """
        tags = torch.zeros(len(seg_logits), self.num_classes)
        for i, sample in enumerate(batch_data_samples):
            tags[i, list(sample.image_labels)] = 1
        tags = tags[:, self.num_old_classes:].to(
            seg_logits.device, non_blocking=True)
        with without_autocast(seg_logits):
            logits = self.pool(seg_logits)[:, self.num_old_classes:]
            loss = F.binary_cross_entropy_with_logits(logits, tags)
            right = ((logits > 0) == (tags > 0)).float().mean() * 100
        return dict(loss_tags=loss, acc_tags=right)
