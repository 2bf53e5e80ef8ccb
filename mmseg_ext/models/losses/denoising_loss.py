from typing import Optional, Sequence, Union

import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...utils.noise_process import NoiseLevel
from ..utils.logits import without_autocast

_DISTANCES = dict(l2=F.mse_loss, l1=F.l1_loss, huber=F.smooth_l1_loss)
_WEIGHTINGS = dict(
    none=lambda sigma: sigma * 0 + 1,
    sigma2=lambda sigma: sigma**2,
    snr=lambda sigma: sigma**-2)


@MODELS.register_module()
class DenoisingLoss(nn.Module):
    """Mean distance of predicted and added noise.

    .. math::
        L = \\frac{1}{|V|} \\sum_{(n, c, v) \\in V} w(\\sigma_n)\\,
        d(\\hat\\epsilon_{ncv}, \\epsilon_{ncv})

    over all elements of all pixels that are not padding. Of `Decoder
    Denoising Pretraining for Semantic Segmentation
    <https://arxiv.org/abs/2205.11423>`_, with :math:`w = 1`. A prediction of
    zero has the loss 1 (l2). Computed in float32, also under autocast; a zero
    that is connected to the graph where no pixel counts.

    Args:
        distance (str): ``'l2'``, squared error; ``'l1'``; ``'huber'``, smooth
            l1 with beta 1. Defaults to 'l2'.
        weighting (str): Weight of an image by its level of noise: ``'none'``;
            ``'sigma2'``, :math:`\\sigma^2`; ``'snr'``,
            :math:`\\sigma^{-2}`. The last two are scaled to a mean of 1 over
            the levels, which ``sigma`` or ``gamma`` tells. Defaults to
            'none'.
        sigma (float or Sequence[float], optional): Levels of the noise as
            they are configured where noise is added. Defaults to None.
        gamma (float, Sequence[float] or str, optional): The same by gamma.
            Defaults to None.
        loss_weight (float): Weight of the loss. Defaults to 1.0.
        loss_name (str): Name in the log. Defaults to 'loss_denoising'.

    Raises:
        ValueError: If an option has none of its values, or levels are missing
            that a weighting needs.
    """

    def __init__(self,
                 distance: str = 'l2',
                 weighting: str = 'none',
                 sigma: Union[float, Sequence[float], None] = None,
                 gamma: Union[float, Sequence[float], str, None] = None,
                 loss_weight: float = 1.0,
                 loss_name: str = 'loss_denoising') -> None:
        super().__init__()
        for name, value, options in (('distance', distance, _DISTANCES),
                                     ('weighting', weighting, _WEIGHTINGS)):
            if value not in options:
                raise ValueError(f'DenoisingLoss.{name} must be one of '
                                 f'{list(options)} but is {value!r}.')
        self.distance = _DISTANCES[distance]
        self.weighting = _WEIGHTINGS[weighting]
        self.mean_weight: Optional[float] = None
        if weighting != 'none':
            level = NoiseLevel(sigma, gamma, 'DenoisingLoss')
            self.mean_weight = level.mean(self.weighting)
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(self, pred: Tensor, target: Tensor, valid: Tensor,
                sigma: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            pred (Tensor): Prediction of shape (N, C, H, W).
            target (Tensor): Noise or clean images, of the same shape.
            valid (Tensor): Pixels that count, bool (N, 1, H, W).
            sigma (Tensor): Levels of the noise, (N, 1, 1, 1).

        Returns:
            Tensor: A scalar.
        """
        with without_autocast(pred):
            loss = self.distance(pred.float(), target, reduction='none')
            if self.mean_weight is not None:
                loss = loss * (self.weighting(sigma) / self.mean_weight)
            count = valid.sum().clamp(min=1) * pred.shape[1]
            return self.loss_weight * (loss * valid).sum() / count
