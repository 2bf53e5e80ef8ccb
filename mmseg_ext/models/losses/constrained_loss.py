from typing import Optional, Sequence

import torch
import torch.nn.functional as F
from mmengine.dist import all_reduce
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..utils.logits import two_channel_logits, without_autocast

SCOPES = ('batch', 'image')


@torch.no_grad()
def valid_cross_entropy(logits: Tensor,
                        labels: Tensor,
                        ignore_index: int = 255,
                        scope: str = 'batch') -> Tensor:
    """Plain cross entropy, the mean over the pixels that are labelled.

    The value that gates compare, whatever loss a head trains with. It has no
    gradient.

    Args:
        logits (Tensor): Logits of shape (N, C, H, W); one channel is a
            binary head.
        labels (Tensor): Class indices of shape (N, H, W).
        ignore_index (int): Label that does not count. Defaults to 255.
        scope (str): ``'batch'`` for one mean, ``'image'`` for one an image.
            Defaults to 'batch'.

    Returns:
        Tensor: A scalar, or shape (N, ); 0 where no pixel is labelled.
    """
    with without_autocast(logits):
        loss = F.cross_entropy(
            two_channel_logits(logits.float()),
            labels,
            ignore_index=ignore_index,
            reduction='none')
    count = labels != ignore_index
    dims = (1, 2) if scope == 'image' else (0, 1, 2)
    return loss.sum(dims) / count.sum(dims).clamp(min=1)


@torch.no_grad()
def constrained_gate(aux_loss: Tensor,
                     main_loss: Tensor,
                     alpha: float,
                     sync: bool = False) -> Tensor:
    """1 where an auxiliary decoder may learn on, 0 where it waits.

    .. math:: g = 1[\\mathcal{L}_{aux} \\ge \\alpha \\mathcal{L}_{main}]

    The result is a tensor to multiply by. A Python ``if`` in its place makes
    ranks disagree about the parameters they use, and hang.

    Args:
        aux_loss (Tensor): Loss of the auxiliary decoder, of any shape.
        main_loss (Tensor): Loss of the main decoder, of the same shape.
        alpha (float): How many times worse the auxiliary decoder is kept.
        sync (bool): Whether to compare the means of the losses over all
            ranks, so that every rank has the same gate. Defaults to False.

    Returns:
        Tensor: Float tensor of 0 and 1 without gradient, shaped as the
        losses.
    """
    losses = torch.stack([aux_loss.detach(), main_loss.detach()]).float()
    if sync:
        all_reduce(losses, op='mean')
    return (losses[0] >= alpha * losses[1]).to(aux_loss.dtype)


@MODELS.register_module()
class ErrorSimulationGate(nn.Module):
    """Keeps auxiliary decoders worse than the main one, by a factor each.

    The loss of auxiliary decoder k counts only while it is at least
    :math:`\\alpha_k` times the main decoder's, so its errors on labelled
    images stay many and plausible: the training data of the error
    localization network. Of `Semi-supervised Semantic Segmentation with
    Error Localization Network <https://arxiv.org/abs/2204.02078>`_.

    Args:
        alphas (Sequence[float]): One factor for each auxiliary decoder.
            Defaults to (20., 50.).
        scope (str): ``'batch'`` compares means over the batch and gives a
            scalar, ``'image'`` compares image by image and gives shape
            (N, ). Defaults to 'batch'.
        sync (bool): Whether all ranks share one gate. Without it each rank
            decides by its own images. Needs ``scope='batch'``. Defaults to
            False.

    Raises:
        ValueError: If a setting is outside what is listed.
    """

    def __init__(self,
                 alphas: Sequence[float] = (20., 50.),
                 scope: str = 'batch',
                 sync: bool = False) -> None:
        super().__init__()
        if scope not in SCOPES:
            raise ValueError(
                f'The gate\'s scope must be one of {SCOPES} but is {scope!r}.')
        if sync and scope == 'image':
            raise ValueError("The gate's sync=True compares losses of the "
                             "whole batch: it needs scope='batch', not "
                             "'image'.")
        if any(alpha < 0 for alpha in alphas):
            raise ValueError(
                f'The gate\'s alphas must not be negative but are {alphas}.')
        self.alphas = tuple(alphas)
        self.scope = scope
        self.sync = sync

    def forward(self,
                index: int,
                aux_logits: Tensor,
                labels: Tensor,
                main_loss: Optional[Tensor] = None,
                main_logits: Optional[Tensor] = None,
                ignore_index: int = 255) -> Tensor:
        """Gate of auxiliary decoder ``index``.

        Args:
            index (int): Which auxiliary decoder, from 0.
            aux_logits (Tensor): Its logits at the size of the labels,
                shape (N, C, H, W).
            labels (Tensor): Class indices of shape (N, H, W).
            main_loss (Tensor, optional): Value of
                :meth:`measure` for the main decoder. Defaults to None, which
                takes it from ``main_logits``.
            main_logits (Tensor, optional): Logits of the main decoder, of
                the same shape as ``aux_logits``. Defaults to None.
            ignore_index (int): Label that does not count. Defaults to 255.

        Returns:
            Tensor: 0 or 1, of shape () or (N, ), without gradient.
        """
        if main_loss is None:
            if main_logits is None:
                raise ValueError('ErrorSimulationGate compares with the main '
                                 'decoder: give main_loss or main_logits.')
            main_loss = self.measure(main_logits, labels, ignore_index)
        aux_loss = self.measure(aux_logits, labels, ignore_index)
        return constrained_gate(aux_loss, main_loss, self.alphas[index],
                                self.sync)

    def measure(self,
                logits: Tensor,
                labels: Tensor,
                ignore_index: int = 255) -> Tensor:
        """Plain cross entropy in the gate's scope, see
        :func:`valid_cross_entropy`."""
        return valid_cross_entropy(logits, labels, ignore_index, self.scope)

    def extra_repr(self) -> str:
        """Settings."""
        return f'alphas={self.alphas}, scope={self.scope}, sync={self.sync}'
