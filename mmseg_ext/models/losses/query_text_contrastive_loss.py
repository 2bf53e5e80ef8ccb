import math

import torch
import torch.distributed as dist
import torch.nn.functional as F
from mmengine.dist import get_dist_info
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..utils.differentiable_gather import gather_batches
from ..utils.logits import full_precision, without_autocast


@MODELS.register_module()
class QueryTextContrastiveLoss(nn.Module):
    """Query-text contrastive loss of `OneFormer
    <https://arxiv.org/abs/2211.06220>`_, section 3.3.

    All queries of an image together are one unit vector :math:`q_b`, its text
    queries one unit vector :math:`t_b`, and with a learned scale
    :math:`s = \\min(e^\\theta, 100)`

    .. math:: L = w \\cdot \\frac1B \\sum_b \\left(
        -\\log\\frac{e^{s q_b t_b}}{\\sum_j e^{s q_b t_j}}
        -\\log\\frac{e^{s t_b q_b}}{\\sum_j e^{s t_b q_j}}\\right)

    where j runs over the images of all ranks. With one image in all it is 0.

    Args:
        temperature (float): Start of the temperature :math:`e^{-\\theta}`.
            Defaults to 0.07.
        loss_weight (float): Weight w. Defaults to 0.5.

    Raises:
        ValueError: If the temperature is not positive.
    """

    max_scale = 100.

    def __init__(self,
                 temperature: float = 0.07,
                 loss_weight: float = 0.5) -> None:
        super().__init__()
        if temperature <= 0:
            raise ValueError('loss_contrastive.temperature must be positive '
                             f'but is {temperature}.')
        self.loss_weight = loss_weight
        self.logit_scale = nn.Parameter(
            torch.tensor(math.log(1 / temperature)))
        self._batch_sizes_agree = False

    def forward(self, queries: Tensor, texts: Tensor) -> Tensor:
        """The loss, in float32 also under autocast.

        Args:
            queries (Tensor): Object queries ahead of the transformer decoder,
                shape (B, N, C).
            texts (Tensor): Text queries, of the same shape.

        Returns:
            Tensor: Scalar.

        Raises:
            ValueError: If the shapes differ.
            RuntimeError: If ranks have batches of different size.
        """
        if queries.shape != texts.shape:
            raise ValueError(
                'The queries and the text queries of an image must have one '
                f'shape but have {tuple(queries.shape)} and '
                f'{tuple(texts.shape)}.')
        self._check_batch_sizes(queries)
        with without_autocast(queries):
            queries = F.normalize(full_precision(queries).flatten(1), dim=1)
            texts = F.normalize(full_precision(texts).flatten(1), dim=1)
            all_queries, all_texts = gather_batches(queries, texts)
            scale = self.logit_scale.exp().clamp(max=self.max_scale)
            rank, _ = get_dist_info()
            labels = torch.arange(len(queries), device=queries.device)
            labels = labels + rank * len(queries)
            loss = F.cross_entropy(scale * queries @ all_texts.t(), labels) + \
                F.cross_entropy(scale * texts @ all_queries.t(), labels)
        return self.loss_weight * loss

    def _check_batch_sizes(self, queries: Tensor) -> None:
        """Once: the label of a row is its rank times the batch size."""
        world = get_dist_info()[1]
        if world == 1 or self._batch_sizes_agree:
            return
        size = queries.new_tensor(len(queries), dtype=torch.long)
        sizes = [torch.empty_like(size) for _ in range(world)]
        dist.all_gather(sizes, size)
        sizes = torch.stack(sizes).tolist()
        if len(set(sizes)) > 1:
            raise RuntimeError(
                'The query-text contrastive loss needs '
                'train_dataloader.batch_size images on every rank but the '
                f'ranks have {sizes}; set train_dataloader.drop_last=True.')
        self._batch_sizes_agree = True
