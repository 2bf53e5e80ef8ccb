from typing import Optional, Sequence, Union

import torch
from mmseg.utils import ConfigType
from torch import Tensor

from ...utils.noise_process import NoiseLevel, check_process
from .loss_weights import build_loss_weight


class NoiseSampler:
    """Draws noise for a batch on its device.

    Under :class:`ResumableIterBasedTrainLoop` it is a function of seed, rank
    and iteration.

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

    def sample_sigma(self, count: int, device: torch.device) -> Tensor:
        """Draw levels, (N, 1, 1, 1) float32."""
        fixed: Optional[float] = None
        if self.schedule is not None:
            fixed = self.schedule()
        elif self.level.is_fixed:
            fixed = float(self.level.at(0.))
        if fixed is not None:
            return torch.full((count, 1, 1, 1), fixed, device=device)
        # drawn on the host, so nothing waits for the device
        sigma = torch.from_numpy(
            self.level.at(torch.rand(count, dtype=torch.double).numpy()))
        return sigma.float().reshape(-1, 1, 1, 1).to(device, non_blocking=True)
