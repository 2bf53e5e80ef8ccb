from typing import Iterator, Optional

import torch
from mmseg.registry import MODELS
from torch import Tensor

from .classifier import MEAN, STD
from .gradient_explainer import BaseGradientExplainer

BASELINES = ('black', 'mean')


@MODELS.register_module()
class IntegratedGradients(BaseGradientExplainer):
    """Gradient averaged between a baseline and the image, times their change.

    .. math::
        a = (u - b) \\odot \\frac{1}{K} \\sum_k
        \\nabla p_t\\big(b + \\tfrac{k - 1/2}{K} (u - b)\\big)

    and the map is the absolute value of the sum of a over the channels; a
    adds up to the change of the score. `Axiomatic Attribution for Deep
    Networks <https://arxiv.org/abs/1703.01365>`_.

    Args:
        num_samples (int): The number K of steps. Defaults to 50.
        baseline (str): ``'black'`` or the ``'mean'`` colour of ImageNet.
            Defaults to 'black'.
        **kwargs: As of :class:`BaseGradientExplainer`.
    """

    def __init__(self,
                 num_samples: int = 50,
                 baseline: str = 'black',
                 **kwargs) -> None:
        super().__init__(num_samples, **kwargs)
        if baseline not in BASELINES:
            raise ValueError('explainer.baseline must be one of '
                             f'{", ".join(BASELINES)}, but is {baseline!r}.')
        self.baseline = baseline

    def samples(self, image: Tensor,
                generator: Optional[torch.Generator]) -> Iterator[Tensor]:
        """See :meth:`BaseGradientExplainer.samples`."""
        baseline = self._baseline(image)
        for k in range(self.num_samples):
            yield baseline + (k + 0.5) / self.num_samples * (image - baseline)

    def attribute(self, gradient: Tensor, image: Tensor) -> Tensor:
        """See :meth:`BaseGradientExplainer.attribute`."""
        return (gradient * (image - self._baseline(image))).sum(0).abs()

    def _baseline(self, image: Tensor) -> Tensor:
        if self.baseline == 'mean':
            return torch.zeros_like(image)
        black = -image.new_tensor(MEAN) / image.new_tensor(STD)
        return black.view(3, 1, 1).expand_as(image)
