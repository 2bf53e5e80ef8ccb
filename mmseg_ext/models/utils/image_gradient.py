from typing import Optional, Sequence

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .logits import without_autocast
from .options import check_option

_MODES = ('canny', 'canny_normalized', 'sobel', 'none')
# tan(22.5 degrees) in 15 bits behind the point, as OpenCV has it
_TAN_22_5 = 13573


class ImageGradient(nn.Module):
    """Edges of the images themselves, from the batch that the network sees.

    The second input of the edge branch of `Gated-SCNN
    <https://arxiv.org/abs/1907.05740>`_. Nothing leaves the device: images on
    the CPU go through OpenCV, others through :func:`canny`.

    Args:
        mode (str): ``'canny'``: a map of 0 and 1 from the image in 8 bits;
            ``'canny_normalized'``: the same from the normalised image cast
            to bytes, which the authors' checkpoints were trained with;
            ``'sobel'``: the magnitude of the gradient of the channels' mean,
            at most 1; ``'none'``: zeros. Defaults to 'canny'.
        low (int): Lower threshold of Canny. Defaults to 10.
        high (int): Upper one. Defaults to 100.
        mean (Sequence[float]): Mean that the preprocessor subtracts. Defaults
            to (123.675, 116.28, 103.53).
        std (Sequence[float]): What it divides by. Defaults to (58.395, 57.12,
            57.375).
        hysteresis_rounds (int, optional): How many pixels weak edges are
            followed, away from the CPU. None follows them to their ends, for
            which the host waits. Defaults to 64.

    Raises:
        ValueError: If the mode is none of these.
    """

    def __init__(self,
                 mode: str = 'canny',
                 low: int = 10,
                 high: int = 100,
                 mean: Sequence[float] = (123.675, 116.28, 103.53),
                 std: Sequence[float] = (58.395, 57.12, 57.375),
                 hysteresis_rounds: Optional[int] = 64) -> None:
        super().__init__()
        check_option('decode_head.image_gradient.mode', mode, _MODES)
        self.mode = mode
        self.low, self.high = sorted((low, high))
        self.hysteresis_rounds = hysteresis_rounds
        for name, values in (('mean', mean), ('std', std)):
            self.register_buffer(
                name,
                torch.tensor(values, dtype=torch.float32).view(1, -1, 1, 1),
                persistent=False)

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """Edges of normalised images (N, D, H, W), float32 (N, 1, H, W)."""
        if self.mode == 'none':
            return images.new_zeros((len(images), 1, *images.shape[2:]),
                                    dtype=torch.float32)
        with without_autocast(images):
            images = images.float()
            if self.mode == 'canny_normalized':
                # A cast of negative numbers depends on the processor.
                images = images.trunc().remainder(256)
            else:
                images = images * self.std + self.mean
            if self.mode == 'sobel':
                gray = images.mean(1, keepdim=True) / 255
                dx, dy = _sobel(gray)
                return (dx.square() + dy.square()).sqrt().clamp(max=1)
            images = images.round().clamp(0, 255)
            if images.device.type == 'cpu' and not _exporting():
                return self._canny_on_cpu(images)
            return canny(images, self.low, self.high, self.hysteresis_rounds)

    def _canny_on_cpu(self, images: Tensor) -> Tensor:
        maps = [
            cv2.Canny(np.ascontiguousarray(image), self.low, self.high)
            for image in images.byte().permute(0, 2, 3, 1).numpy()
        ]
        return torch.from_numpy(np.stack(maps))[:, None].float() / 255


def _exporting() -> bool:
    """Whether a graph is recorded, of which OpenCV cannot be a part."""
    # torch 2.1 has the second elsewhere
    here = torch.compiler if hasattr(torch.compiler,
                                     'is_compiling') else torch._utils
    return torch.jit.is_tracing() or here.is_compiling()


def _sobel(images: Tensor) -> tuple:
    """Derivatives to the right and down of maps (N, C, H, W)."""
    x = F.pad(images, (1, 1, 1, 1), mode='replicate')
    smooth_y = x[:, :, :-2] + 2 * x[:, :, 1:-1] + x[:, :, 2:]
    smooth_x = x[..., :-2] + 2 * x[..., 1:-1] + x[..., 2:]
    return (smooth_y[..., 2:] - smooth_y[..., :-2],
            smooth_x[:, :, 2:] - smooth_x[:, :, :-2])


def canny(images: Tensor,
          low: int,
          high: int,
          rounds: Optional[int] = None) -> Tensor:
    """Canny edges by tensor operations, as ``cv2.Canny`` finds them.

    Aperture 3 and the L1 norm; of several channels that with the largest
    gradient counts at each pixel.

    Args:
        images (Tensor): Whole numbers from 0 to 255, float (N, C, H, W).
        low (int): Lower threshold.
        high (int): Upper threshold.
        rounds (int, optional): How many pixels weak edges are followed.
            Defaults to None, to their ends, which makes the host wait.

    Returns:
        Tensor: 0 and 1, float32 (N, 1, H, W).
    """
    dx, dy = _sobel(images)
    magnitude, channel = (dx.abs() + dy.abs()).max(dim=1, keepdim=True)
    dx, dy = (d.gather(1, channel).long() for d in (dx, dy))
    x, y = dx.abs(), dy.abs() * 2**15
    flat = x * _TAN_22_5
    steep = flat + x * 2**16
    around = F.pad(magnitude, (1, 1, 1, 1))

    def neighbour(down: int, right: int) -> Tensor:
        height, width = magnitude.shape[2:]
        return around[..., 1 + down:1 + down + height,
                      1 + right:1 + right + width]

    horizontal = (magnitude > neighbour(0, -1)) & (
        magnitude >= neighbour(0, 1))
    vertical = (magnitude > neighbour(-1, 0)) & (magnitude >= neighbour(1, 0))
    falling = (magnitude > neighbour(-1, -1)) & (magnitude > neighbour(1, 1))
    rising = (magnitude > neighbour(-1, 1)) & (magnitude > neighbour(1, -1))
    # Logic rather than torch.where, which ONNX Runtime lacks for booleans.
    rises = (dx < 0) ^ (dy < 0)
    diagonal = (rises & rising) | (~rises & falling)
    is_flat, is_steep = y < flat, y > steep
    ridge = (is_flat & horizontal) | (is_steep & vertical) | (
        ~is_flat & ~is_steep & diagonal)
    weak = ((magnitude > low) & ridge).float()
    edges = weak * (magnitude > high)
    while rounds is None or rounds > 0:
        grown = F.max_pool2d(edges, 3, 1, 1) * weak
        if rounds is None:
            if torch.equal(grown, edges):
                break
        else:
            rounds -= 1
        edges = grown
    return edges
