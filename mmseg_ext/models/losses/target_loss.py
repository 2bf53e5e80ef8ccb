from abc import ABCMeta, abstractmethod
from typing import Optional, Union

import torch
from mmseg.utils import ConfigType
from torch import Tensor, nn

from ..utils.logits import two_channel_logits, without_autocast
from ..utils.loss_weights import build_loss_weight
from ..utils.masks import resize_valid_masks


class BaseTargetLoss(nn.Module, metaclass=ABCMeta):
    """Base of what is asked of predictions on images without labels.

    A subclass implements :meth:`compute`, which gets logits in float32, of
    two channels at least, and the mask at their size. Any method may call
    such a loss; ``DomainAdaptation.target_losses`` lists them.

    Args:
        level (str): Head whose logits the loss is computed of, such as
            ``'decode_head'`` or ``'auxiliary_head'``. Defaults to
            'decode_head'.
        loss_weight (float or dict): Weight of the loss, a number or the
            config of a schedule. Defaults to 1.0.
        resize_to (str, optional): ``'input'`` asks for logits upsampled to
            the size of the image, None for those of the head. Defaults to
            'input'.
        loss_name (str): Name in the log; must have 'loss' in it. Defaults to
            'loss_target'.

    Raises:
        ValueError: If ``resize_to`` or ``loss_name`` is none of these.
    """

    def __init__(self,
                 level: str = 'decode_head',
                 loss_weight: Union[float, ConfigType] = 1.0,
                 resize_to: Optional[str] = 'input',
                 loss_name: str = 'loss_target') -> None:
        super().__init__()
        kind = type(self).__name__
        if resize_to not in ('input', None):
            raise ValueError(f"{kind}.resize_to must be 'input' or None but "
                             f'is {resize_to!r}.')
        if 'loss' not in loss_name:
            raise ValueError(
                f"{kind}.loss_name is {loss_name!r}, but only figures with "
                "'loss' in their name are minimised.")
        self.level = level
        self.loss_weight = build_loss_weight(loss_weight,
                                             f'{kind}.loss_weight')
        self.resize_to = resize_to
        self._loss_name = loss_name

    @property
    def loss_name(self) -> str:
        """str: name in the log."""
        return self._loss_name

    def forward(self, logits: Tensor, valid: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            logits (Tensor): Shape (N, C, h, w); one channel is a binary head.
            valid (Tensor): Pixels that are not padding, bool of shape
                (N, H, W); of a unit of the logits its centre counts.

        Returns:
            Tensor: A scalar, weighted; zero and connected to the graph when
            no pixel counts.
        """
        with without_autocast(logits):
            dtype = torch.promote_types(logits.dtype, torch.float32)
            logits = two_channel_logits(logits.to(dtype))
            valid = resize_valid_masks(valid, logits.shape[2:])
            return self.loss_weight() * self.compute(logits, valid)

    @abstractmethod
    def compute(self, logits: Tensor, valid: Tensor) -> Tensor:
        """The loss without its weight, outside of autocast.

        Args:
            logits (Tensor): Shape (N, C, h, w), C >= 2, float32 or float64.
            valid (Tensor): Bool of shape (N, h, w).

        Returns:
            Tensor: A scalar.
        """
