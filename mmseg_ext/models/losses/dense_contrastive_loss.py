import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..utils.logits import full_precision, without_autocast

# Stands for minus infinity, whose differences are no numbers.
_NEVER = -1e9


@MODELS.register_module()
class DenseContrastiveLoss(nn.Module):
    """Pulls pixels of a class together, each against pixels of other classes.

    With unit embeddings h, positives :math:`P_i`, the other sampled pixels of
    the anchor's class, and negatives :math:`N_i`, those of other classes:

    .. math::
        L_i = -\\frac{1}{|P_i|} \\sum_{j \\in P_i} \\log
        \\frac{e^{h_i h_j / \\tau}}
        {e^{h_i h_j / \\tau} + \\sum_{k \\in N_i} e^{h_i h_k / \\tau}}

    and the mean over the anchors that have a positive. Pixels are sampled in
    the whole batch of a rank, at most ``num_samples`` a class; there is no
    collective and no wait for the device. In float32 also under autocast.

    Of `Foundation Model Drives Weakly Incremental Learning for Semantic
    Segmentation <https://arxiv.org/abs/2302.14250>`_; the sampling is ours.

    Args:
        temperature (float): :math:`\\tau`. Defaults to 0.1.
        num_samples (int): Pixels of a class at most. Defaults to 32.
        anchors (str): ``'new'`` takes pixels of new classes for anchors, so
            that others are negatives only; ``'all'`` takes all. Defaults to
            'new'.
        loss_weight (float): Weight of the loss. Defaults to 0.1.
        loss_name (str): Name in the log. Defaults to 'loss_contrast'.

    Raises:
        ValueError: If a setting is out of range.
    """

    def __init__(self,
                 temperature: float = 0.1,
                 num_samples: int = 32,
                 anchors: str = 'new',
                 loss_weight: float = 0.1,
                 loss_name: str = 'loss_contrast') -> None:
        super().__init__()
        if temperature <= 0 or num_samples < 1:
            raise ValueError(
                'DenseContrastiveLoss.temperature must be above 0 and '
                f'num_samples at least 1 but are {temperature} and '
                f'{num_samples}.')
        if anchors not in ('new', 'all'):
            raise ValueError("DenseContrastiveLoss.anchors must be 'new' or "
                             f"'all' but is {anchors!r}.")
        self.temperature = temperature
        self.num_samples = num_samples
        self.anchors = anchors
        self.loss_weight = loss_weight
        self._loss_name = loss_name

    def forward(self, embedding: Tensor, labels: Tensor, num_classes: int,
                num_old_classes: int) -> Tensor:
        """Compute the loss.

        Args:
            embedding (Tensor): Shape (N, D, h, w), not normalised.
            labels (Tensor): Class of each pixel, int64 of shape (N, h, w);
                values that are no class take no part.
            num_classes (int): Number of classes.
            num_old_classes (int): How many of them, the first, are old.

        Returns:
            Tensor: A scalar, 0 where there is no anchor.
        """
        with without_autocast(embedding):
            embedding = full_precision(embedding)
            index, valid = self.sample(labels.flatten(), num_classes)
            samples = index.shape[1]
            index = index.flatten()
            maps = embedding.flatten(2)
            pixels = maps[index // maps.shape[2], :, index % maps.shape[2]]
            chosen = F.normalize(pixels, dim=1)
            valid = valid.flatten()
            classes = torch.arange(
                num_classes, device=labels.device).repeat_interleave(samples)
            first = num_old_classes * samples if self.anchors == 'new' else 0
            loss = self._info_nce(chosen, classes, valid, first)
            return self.loss_weight * loss

    def sample(self, labels: Tensor, num_classes: int):
        """Draw pixels of every class.

        Args:
            labels (Tensor): int64 of shape (M, ).
            num_classes (int): Number of classes C.

        Returns:
            tuple[Tensor, Tensor]: Indices, int64 of shape (C, S), and which
            of them are pixels of the class, bool of the same shape.
        """
        known = (labels >= 0) & (labels < num_classes)
        group = torch.where(known, labels, num_classes)
        # a class after the other, in random order within each
        key = group + torch.rand(
            group.shape, dtype=torch.float64, device=labels.device)
        key, order = key.sort()
        bounds = torch.searchsorted(
            key,
            torch.arange(
                num_classes + 1, dtype=key.dtype, device=labels.device))
        count = min(self.num_samples, len(labels))
        rank = torch.arange(count, device=labels.device)
        place = bounds[:-1, None] + rank
        valid = place < bounds[1:, None]
        return order[place.clamp(max=len(labels) - 1)], valid

    def _info_nce(self, chosen: Tensor, classes: Tensor, valid: Tensor,
                  first: int) -> Tensor:
        """Mean over the anchors, which are the rows from ``first`` on."""
        similarity = chosen[first:] @ chosen.T / self.temperature
        same = classes[first:, None] == classes[None]
        negative = valid[None] & ~same
        itself = torch.arange(
            first, len(chosen), device=chosen.device)[:, None] == torch.arange(
                len(chosen), device=chosen.device)
        positive = valid[None] & same & ~itself
        others = similarity.masked_fill(~negative, _NEVER).logsumexp(
            1, keepdim=True)
        # -log of the ratio; the difference of two large numbers is not exact
        cost = F.softplus(others - similarity)
        count = positive.sum(1)
        cost = (cost * positive).sum(1) / count.clamp(min=1)
        anchor = valid[first:] & (count > 0)
        return (cost * anchor).sum() / anchor.sum().clamp(min=1)

    @property
    def loss_name(self) -> str:
        """str: name in the log."""
        return self._loss_name
