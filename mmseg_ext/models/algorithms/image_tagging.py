from typing import Callable, Dict, Optional

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, SampleList
from torch import Tensor

from ..utils.incremental_batch import check_incremental_samples
from ..utils.incremental_targets import image_label_matrix
from ..utils.logits import largest_channel, without_autocast
from .class_incremental import ClassIncremental


@MODELS.register_module()
class ImageTagging(ClassIncremental):
    """Learns from labels of images which of the new classes is where.

    A stand-in for foundation models on small data: its maps are what
    :class:`ClassActivationCoSegmentor` turns into masks. It begins as the old
    model, with rows for the new classes, and looks only where the old model
    sees background, since that is all that new objects can be to it. There

    - each pixel is one of the classes that the image shows,
      :math:`-\\log \\sum_{c\\,shown} \\mathrm{softmax}(z)^c`, and
    - the pooled logits :math:`\\frac{1}{r} \\log \\mathrm{mean}\\, e^{r z}`
      tell which classes are shown (binary cross entropy).

    No label of a pixel is read.

    Args:
        segmentor (dict): As of :class:`ClassIncremental`.
        num_old_classes (int): As of :class:`ClassIncremental`.
        sharpness (float): r of the pooling. Defaults to 2.0.
        **kwargs: As of :class:`BaseAlgorithm`.
    """

    stage_names = ()

    def __init__(self,
                 segmentor: ConfigType,
                 num_old_classes: int,
                 sharpness: float = 2.0,
                 **kwargs) -> None:
        super().__init__(segmentor, num_old_classes, **kwargs)
        self.sharpness = sharpness

    def loss(self, inputs: Tensor,
             data_samples: SampleList) -> Dict[str, Tensor]:
        """Losses of one batch.

        Args:
            inputs (Tensor): Images, (N, 3, H, W).
            data_samples (list[SegDataSample]): Samples with ``image_labels``.

        Returns:
            dict[str, Tensor]: ``loss_tags``, ``loss_partial`` and
            ``acc_tags`` in percent.

        Raises:
            ValueError: If samples lack labels.
        """
        check_incremental_samples(
            data_samples, type(self).__name__, with_masks=False)
        logits, _ = self.student_logits(self.segmentor.extract_feat(inputs))
        old_scores, _ = self.old_scores(inputs)
        return self._losses(logits, old_scores, data_samples)

    def _losses(self, logits: Tensor, old_scores: Tensor,
                data_samples: SampleList) -> Dict[str, Tensor]:
        old_scores = self.to_grid(old_scores, logits.shape[2:])
        labels = [sample.image_labels for sample in data_samples]
        shown = image_label_matrix(labels, self.num_old, self.num_new,
                                   logits.device)
        with without_autocast(logits):
            maps = logits[:, self.num_old:].float()
            unknown = (largest_channel(old_scores, keepdim=True) == 0).float()
            pooled = self._pool(maps, unknown)
            tags = shown.flatten(1)
            loss_tags = F.binary_cross_entropy_with_logits(pooled, tags)
            log_prob = maps.log_softmax(1)
            # an image that shows nothing new has no class to choose from
            among = log_prob.masked_fill(shown == 0, -1e4).logsumexp(
                1, keepdim=True)
            weight = unknown * (tags.sum(1) > 0)[:, None, None, None]
            loss_partial = -(among * weight).sum() / weight.sum().clamp(min=1)
            right = ((pooled > 0) == (tags > 0)).float().mean() * 100
        return dict(
            loss_tags=loss_tags, loss_partial=loss_partial, acc_tags=right)

    def _pool(self, maps: Tensor, unknown: Tensor) -> Tensor:
        """Pooled logits (N, K_n), of the unknown pixels where there are."""
        inside = unknown.flatten(2)
        inside = torch.where(inside.sum(2, keepdim=True) > 0, inside, 1.)
        scaled = self.sharpness * maps.flatten(2)
        scaled = scaled.masked_fill(inside == 0, -1e4).logsumexp(2)
        return (scaled - inside.sum(2).log()) / self.sharpness

    def bare_passes(
            self, inputs: Tensor, data_samples: SampleList
    ) -> Dict[str, Callable[[], Optional[Tensor]]]:
        """See :meth:`BaseAlgorithm.bare_passes`."""
        with torch.no_grad():
            old_scores, _ = self.old_scores(inputs)

        def train():
            feats = self.segmentor.extract_feat(inputs)
            logits, _ = self.student_logits(feats)
            return self.parse_losses(
                self._losses(logits, old_scores, data_samples))[0]

        def run_old_model():
            self.old_scores(inputs)

        return {'segmentor': train, 'old model': run_old_model}
