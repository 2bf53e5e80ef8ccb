from typing import Optional, Sequence, Tuple, Union

import torch
from mmengine.dist import get_rank
from mmseg.utils import ConfigType
from torch import Tensor

from ...datasets.samplers import hash_seed
from ...utils.noise_process import NoiseLevel, check_process
from .loss_weights import build_loss_weight


class NoiseSampler:
    """Draws noise for a batch on its device.

    Ranks draw different noise, also where their random states are the same,
    as MMEngine sets them. Under :class:`ResumableIterBasedTrainLoop` it is a
    function of seed, rank and iteration.

    Args:
        sigma (float, Sequence[float] or dict, optional): Standard deviation
            of the noise, the range in which it is uniform, or the config of a
            schedule over the iterations such as ``dict(type='LinearWeight',
            start=0.4, end=0.2, iters=10000)``. Defaults to None, which is
            0.22 where there is no ``gamma``.
        gamma (float, Sequence[float] or str, optional): Instead of ``sigma``:
            see :class:`NoiseLevel`. Defaults to None.
        process (str): ``'scaled'`` or ``'simple'``. Defaults to 'scaled'.
        field (str): Config field, for messages. Defaults to 'model.noise'.
    """

    def __init__(self,
                 sigma: Union[float, Sequence[float], ConfigType, None] = None,
                 gamma: Union[float, Sequence[float], str, None] = None,
                 process: str = 'scaled',
                 field: str = 'model.noise') -> None:
        check_process(process, field)
        if sigma is None and gamma is None:
            sigma = 0.22
        self.process = process
        self.schedule = None
        if isinstance(sigma, dict):
            if gamma is not None:
                raise ValueError(f'{field} has both sigma and gamma.')
            self.schedule = build_loss_weight(sigma, f'{field}.sigma')
        else:
            self.level = NoiseLevel(sigma, gamma, field)

    @property
    def mean_sigma(self) -> float:
        """float: mean level, that of the iteration if it is scheduled."""
        if self.schedule is not None:
            return self.schedule()
        return self.level.mean()

    def sample(self, images: Tensor) -> Tuple[Tensor, Tensor]:
        """Draw levels and noise for a batch.

        Args:
            images (Tensor): Shape (N, C, H, W); tells type and device.

        Returns:
            tuple[Tensor, Tensor]: ``sigma``, (N, 1, 1, 1), and standard normal
            noise of the shape of the images.
        """
        # of the CPU's generator: nothing waits for the device
        seed = hash_seed(int(torch.randint(2**62, ())), get_rank())
        sigma = self.sample_sigma(len(images), images.device, seed)
        generator = torch.Generator(images.device).manual_seed(seed)
        noise = torch.empty_like(images).normal_(generator=generator)
        return sigma, noise

    def sample_sigma(self, count: int, device: torch.device,
                     seed: int) -> Tensor:
        """Draw levels, (N, 1, 1, 1) float32."""
        fixed: Optional[float] = None
        if self.schedule is not None:
            fixed = self.schedule()
        elif self.level.is_fixed:
            fixed = float(self.level.at(0.))
        if fixed is not None:
            return torch.full((count, 1, 1, 1), fixed, device=device)
        # of numbers of its own: those of the noise begin with the seed
        generator = torch.Generator().manual_seed(hash_seed(seed, 'sigma'))
        uniform = torch.rand(count, dtype=torch.double, generator=generator)
        sigma = torch.from_numpy(self.level.at(uniform.numpy())).float()
        return sigma.reshape(-1, 1, 1, 1).to(device, non_blocking=True)
