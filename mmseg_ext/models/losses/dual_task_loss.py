import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..utils.logits import (largest_channel, two_channel_logits,
                            without_autocast)
from ..utils.options import check_option

_EPS = 1e-6


@MODELS.register_module()
class DualTaskLoss(nn.Module):
    """Boundaries of the predicted classes should be those of the labels.

    The magnitudes of the gradients of the smoothed one-hot maps of prediction
    and labels are compared where either is not flat:

    .. math:: L = \\sum_{p^+} |\\zeta - \\hat\\zeta|, \\quad
              \\zeta = |\\nabla (G * \\arg\\max_k p_k)|

    of `Gated-SCNN <https://arxiv.org/abs/1907.05740>`_. The arg max lets the
    gradient of a Gumbel softmax through. The released code of the paper takes
    no spatial derivative by mistake; this loss does.

    Args:
        temperature (float): Of the Gumbel softmax. The authors' code has 0.5.
            Defaults to 1.0.
        relaxation (str): ``'straight_through'``: hard forward, soft backward,
            as the paper; ``'soft'``: soft in both, as the authors' code.
            Defaults to 'straight_through'.
        kernel (str): What smooths and differentiates. ``'triangle'``: a
            triangle filter, then central differences, as the public codes;
            ``'sobel'``: the Sobel filter alone, as the paper. Defaults to
            'triangle'.
        radius (int): Of the triangle filter, in pixels, even. Defaults to 4.
        padding (str): The differences at the frame of the image.
            ``'one_sided'``: of the pixels inside; ``'zero'``: against zeros
            outside, as the public codes, where the frame answers more
            strongly than any boundary. Defaults to 'one_sided'.
        threshold (float): What counts as not flat. Defaults to 0.01.
        normalize (str): ``'step'``: in units of a straight step between two
            classes; ``'max'``: of the largest value of the batch, as the
            public codes, in which flat areas are not exactly 0; ``'none'``.
            Defaults to 'step'.
        loss_weight (float): Weight of the loss. Defaults to 1.0.
        loss_name (str): Name in the log. Defaults to 'loss_dual'.

    Raises:
        ValueError: If an option has none of its values.
    """

    def __init__(self,
                 temperature: float = 1.0,
                 relaxation: str = 'straight_through',
                 kernel: str = 'triangle',
                 radius: int = 4,
                 padding: str = 'one_sided',
                 threshold: float = 0.01,
                 normalize: str = 'step',
                 loss_weight: float = 1.0,
                 loss_name: str = 'loss_dual') -> None:
        super().__init__()
        check_option('decode_head.loss_dual.relaxation', relaxation,
                     ('straight_through', 'soft'))
        check_option('decode_head.loss_dual.kernel', kernel,
                     ('triangle', 'sobel'))
        check_option('decode_head.loss_dual.padding', padding,
                     ('one_sided', 'zero'))
        check_option('decode_head.loss_dual.normalize', normalize,
                     ('step', 'max', 'none'))
        if radius < 2 or radius % 2:
            raise ValueError('model.decode_head.loss_dual.radius must be an '
                             f'even number >= 2 but is {radius}.')
        self.temperature = temperature
        self.relaxation = relaxation
        self.kernel = kernel
        self.radius = radius
        self.padding = padding
        self.threshold = threshold
        self.normalize = normalize
        self.loss_weight = loss_weight
        self._loss_name = loss_name

    def forward(self,
                seg_logits: Tensor,
                label: Tensor,
                ignore_index: int = 255) -> Tensor:
        """Compute the loss.

        Args:
            seg_logits (Tensor): Logits, (N, K, H, W).
            label (Tensor): Labels, int64 (N, H, W).
            ignore_index (int): Label of void. Defaults to 255.

        Returns:
            Tensor: The loss, a float32 scalar.
        """
        with without_autocast(seg_logits):
            logits = two_channel_logits(seg_logits.float())
            valid = (label != ignore_index)[:, None]
            truth = F.one_hot(
                label.masked_fill(~valid[:, 0], 0), logits.shape[1])
            truth = truth.permute(0, 3, 1, 2).float()
            # void is no class in both, so that its outline cancels
            found = self.boundaries(self.relax(logits) * valid)
            with torch.no_grad():
                wanted = self.boundaries(truth * valid)
            error = (found - wanted).abs()
            loss = 0.
            for values in (found.detach(), wanted):
                mask = (values > self.threshold) & valid
                loss = loss + (error * mask).sum() / mask.sum().clamp(min=1)
            return self.loss_weight * 0.5 * loss

    def relax(self, logits: Tensor) -> Tensor:
        """One-hot maps of the largest logits, with a gradient."""
        soft = F.gumbel_softmax(logits, self.temperature, dim=1)
        if self.relaxation == 'soft':
            return soft
        hard = torch.zeros_like(logits)
        hard.scatter_(1, largest_channel(logits, keepdim=True), 1.)
        return hard + soft - soft.detach()

    def boundaries(self, maps: Tensor) -> Tensor:
        """Magnitudes of the gradients of smoothed maps (N, K, H, W)."""
        if self.kernel == 'triangle':
            smooth = _mirror(_mirror(maps, self.radius, 2), self.radius, 3)
            for _ in range(2):  # two boxes make a triangle
                smooth = F.avg_pool2d(smooth, self.radius + 1, stride=1)
            down, right = (self._difference(smooth, dim) for dim in (2, 3))
            step = (2 * self.radius + 1) / (2 * (self.radius + 1)**2)
        else:
            down = self._difference(self._smooth(maps, 3), 2)
            right = self._difference(self._smooth(maps, 2), 3)
            step = 0.5
        squares = down**2 + right**2
        if self.normalize == 'max':
            magnitude = (squares + _EPS).sqrt()
            return magnitude / magnitude.max()
        magnitude = (squares + _EPS).sqrt() - _EPS**0.5
        return magnitude / step if self.normalize == 'step' else magnitude

    def _difference(self, maps: Tensor, dim: int) -> Tensor:
        """Central differences."""
        if self.padding == 'one_sided':
            return torch.gradient(maps, dim=dim)[0]
        size = maps.shape[dim]
        maps = _pad(maps, dim, 'constant')
        return (maps.narrow(dim, 2, size) - maps.narrow(dim, 0, size)) / 2

    def _smooth(self, maps: Tensor, dim: int) -> Tensor:
        """The Sobel filter across its direction."""
        size = maps.shape[dim]
        mode = 'replicate' if self.padding == 'one_sided' else 'constant'
        maps = _pad(maps, dim, mode)
        return (maps.narrow(dim, 0, size) + 2 * maps.narrow(dim, 1, size) +
                maps.narrow(dim, 2, size)) / 4

    @property
    def loss_name(self) -> str:
        """str: Name in the log."""
        return self._loss_name


def _mirror(maps: Tensor, radius: int, dim: int) -> Tensor:
    """Extend a dimension at both ends by its mirror image."""
    size = maps.shape[dim]
    index = torch.arange(-radius, size + radius, device=maps.device)
    index = index.remainder(2 * size)
    return maps.index_select(dim, torch.minimum(index, 2 * size - 1 - index))


def _pad(maps: Tensor, dim: int, mode: str) -> Tensor:
    """Extend a dimension of maps (N, K, H, W) by a pixel at both ends."""
    return F.pad(maps, (1, 1, 0, 0) if dim == 3 else (0, 0, 1, 1), mode=mode)
