from typing import Sequence

import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..utils.logits import full_precision, without_autocast


@MODELS.register_module()
class FeatureDistillationLoss(nn.Module):
    """Mean squared difference between features and those of another network.

    Averaged over all elements of a map, then over the maps; in float32 also
    under autocast. Used by `Incremental Learning in Semantic Segmentation
    from Image Labels <https://arxiv.org/abs/2112.01882>`_.

    Args:
        loss_weight (float): Weight of the loss. Defaults to 1.0.
        loss_name (str): Name in the log. Defaults to 'loss_feature'.
    """

    def __init__(self,
                 loss_weight: float = 1.0,
                 loss_name: str = 'loss_feature') -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self._loss_name = loss_name

    def forward(self, features: Sequence[Tensor],
                targets: Sequence[Tensor]) -> Tensor:
        """Compute the loss.

        Args:
            features (Sequence[Tensor]): Maps of any shapes.
            targets (Sequence[Tensor]): Maps of the same shapes. Detached
                here.

        Returns:
            Tensor: A scalar.

        Raises:
            ValueError: If the shapes differ.
        """
        shapes, wanted = ([tuple(x.shape) for x in maps]
                          for maps in (features, targets))
        if shapes != wanted:
            raise ValueError(
                f'FeatureDistillationLoss compares features of {shapes} with '
                f'{wanted}: the backbone gives others in training than in '
                'eval mode; set model.loss_feature to None.')
        with without_autocast(features[0]):
            losses = [
                F.mse_loss(full_precision(x), full_precision(y.detach()))
                for x, y in zip(features, targets)
            ]
            return self.loss_weight * sum(losses) / len(losses)

    @property
    def loss_name(self) -> str:
        """str: name in the log."""
        return self._loss_name
