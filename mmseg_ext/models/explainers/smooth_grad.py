from typing import Iterator, Optional

import torch
from mmseg.registry import MODELS
from torch import Tensor

from .gradient_explainer import BaseGradientExplainer


@MODELS.register_module()
class SmoothGrad(BaseGradientExplainer):
    """Gradient averaged over noisy copies of the image.

    .. math::
        g = \\frac{1}{K} \\sum_k \\nabla p_t(u + n_k), \\quad
        n_k \\sim N(0, (\\lambda (\\max u - \\min u))^2)

    and the map is the sum of :math:`|g|` over the channels. `SmoothGrad:
    removing noise by adding noise <https://arxiv.org/abs/1706.03825>`_.

    Args:
        num_samples (int): The number K of copies. Defaults to 50.
        noise_level (float): The factor lambda. Defaults to 0.1.
        **kwargs: As of :class:`BaseGradientExplainer`.
    """

    def __init__(self,
                 num_samples: int = 50,
                 noise_level: float = 0.1,
                 **kwargs) -> None:
        super().__init__(num_samples, **kwargs)
        if not noise_level >= 0:
            raise ValueError('explainer.noise_level must be >= 0, but is '
                             f'{noise_level!r}.')
        self.noise_level = noise_level

    def samples(self, image: Tensor,
                generator: Optional[torch.Generator]) -> Iterator[Tensor]:
        """See :meth:`BaseGradientExplainer.samples`."""
        sigma = self.noise_level * (image.max() - image.min())
        # one draw a copy: the same noise whatever the batches are
        for _ in range(self.num_samples):
            noise = torch.randn(
                image.shape,
                generator=generator,
                dtype=image.dtype,
                device=image.device)
            yield image + sigma * noise

    def attribute(self, gradient: Tensor, image: Tensor) -> Tensor:
        """See :meth:`BaseGradientExplainer.attribute`."""
        return gradient.abs().sum(0)
