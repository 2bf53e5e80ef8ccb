import torch
from mmseg.registry import MODELS
from torch import Tensor

from ..utils.logits import without_autocast
from .base import BasePseudoFilter, PseudoLabels


@MODELS.register_module()
class ConfidenceFilter(BasePseudoFilter):
    """Keeps pixels whose largest class probability reaches a threshold.

    The baseline that an error localization network replaces. It does not
    learn.

    Args:
        num_classes (int): Number of channels of the logits.
        threshold (float): Least probability that is kept, in [0, 1].
            Defaults to 0.95.
        **kwargs: As of :class:`BasePseudoFilter`.

    Raises:
        ValueError: If ``threshold`` is outside [0, 1].
    """

    def __init__(self,
                 num_classes: int,
                 threshold: float = 0.95,
                 **kwargs) -> None:
        super().__init__(num_classes, **kwargs)
        if not 0 <= threshold <= 1:
            raise ValueError('ConfidenceFilter.threshold is a probability '
                             f'but is {threshold}.')
        self.threshold = threshold

    def forward(self, images: Tensor, logits: Tensor) -> Tensor:
        """Largest class probability of each pixel, (N, 1, h, w)."""
        with without_autocast(logits):
            return logits.float().softmax(dim=1).amax(dim=1, keepdim=True)

    @torch.no_grad()
    def select(self, images: Tensor, logits: Tensor) -> PseudoLabels:
        """See :meth:`BasePseudoFilter.select`."""
        score = self.forward(images, logits).squeeze(1)
        return PseudoLabels(
            self.decide(logits), score >= self.threshold, score)
