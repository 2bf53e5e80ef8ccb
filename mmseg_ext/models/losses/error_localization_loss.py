import torch
import torch.nn.functional as F
from mmengine.dist import all_reduce, get_world_size
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..utils.logits import without_autocast


@MODELS.register_module()
class ErrorLocalizationLoss(nn.Module):
    """Binary cross entropy in which wrong and right pixels weigh the same.

    With :math:`\\ell` the binary cross entropy on logits, :math:`M = 1` where
    the prediction is right, and :math:`n_1, n_0` the counts of right and
    wrong pixels in the batch, :math:`N = n_1 + n_0`:

    .. math::
        \\mathcal{L} = \\frac{1}{N} \\Big[\\sum_{M=1} \\ell +
        \\frac{n_1}{n_0} \\sum_{M=0} \\ell\\Big]

    Of `Semi-supervised Semantic Segmentation with Error Localization Network
    <https://arxiv.org/abs/2204.02078>`_. Without a wrong pixel it is the
    plain mean. Without a right one it is 0, as the weight is. Without any
    pixel it is a zero that is connected to the graph. Computed in float32,
    also under autocast.

    Args:
        loss_weight (float): Weight of the loss. Defaults to 1.0.
        sync (bool): Whether the counts are those of all ranks, so that
            gradients averaged over ranks are those of the whole batch on one.
            Without it each rank balances its own pixels. Defaults to False.
        loss_name (str): Name in the log. Defaults to 'loss_eln'.
    """

    def __init__(self,
                 loss_weight: float = 1.0,
                 sync: bool = False,
                 loss_name: str = 'loss_eln') -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.sync = sync
        self._loss_name = loss_name

    def forward(self, logits: Tensor, correct: Tensor,
                valid: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            logits (Tensor): Shape (N, 1, H, W); positive where the network
                takes the prediction to be right.
            correct (Tensor): Bool of shape (N, H, W), where it is right.
            valid (Tensor): Bool of shape (N, H, W), pixels that take part.

        Returns:
            Tensor: A scalar.
        """
        with without_autocast(logits):
            loss = F.binary_cross_entropy_with_logits(
                logits.squeeze(1).float(), correct.float(), reduction='none')
            right = valid & correct
            wrong = valid & ~correct
            # Counted as integers: float32 counts stop at 2 ** 24 pixels.
            counts = torch.stack([right.sum(), wrong.sum()])
            world_size = 1
            if self.sync:
                world_size = get_world_size()
                all_reduce(counts)
            num_right, num_wrong = counts.float()
            balance = num_right / num_wrong.clamp(min=1)
            total = (num_right + num_wrong).clamp(min=1)
            summed = (
                loss.masked_fill(~right, 0).sum() +
                balance * loss.masked_fill(~wrong, 0).sum())
            return self.loss_weight * world_size * summed / total

    @property
    def loss_name(self) -> str:
        """str: name in the log."""
        return self._loss_name
