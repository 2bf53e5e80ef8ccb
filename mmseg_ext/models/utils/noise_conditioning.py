import math
from contextlib import contextmanager
from typing import Dict, List, Optional

import torch
from torch import Tensor, nn

_CHANNELS_FIRST = (nn.modules.batchnorm._NormBase, nn.GroupNorm)


class NoiseConditioning(nn.Module):
    """Tells a decoder the level of the noise by its normalisation layers.

    The output y of each layer becomes :math:`y (1 + a) + b`, with a and b
    computed from :math:`\\log\\sigma` by a sinusoidal embedding and a small
    network whose last layer starts at zero: at first the decoder is as it is
    without conditioning. After training :meth:`fold` puts the mean level into
    the affine parameters.

    Args:
        decoder (nn.Module): Module whose batch, group and layer
            normalisations with affine parameters are conditioned.
        embed_dims (int): Size of the embedding, even. Defaults to 64.
        hidden_dims (int): Size of the hidden layer. Defaults to 128.

    Raises:
        ValueError: If there is no such layer, or ``embed_dims`` is odd.
    """

    def __init__(self,
                 decoder: nn.Module,
                 embed_dims: int = 64,
                 hidden_dims: int = 128) -> None:
        super().__init__()
        if embed_dims % 2 or embed_dims < 2:
            raise ValueError('model.condition.embed_dims must be even but is '
                             f'{embed_dims}.')
        # in a tuple: no child, whose weights would be in here as well
        self._decoder = (decoder, )
        self.names: List[str] = []
        self.sizes: List[int] = []
        self._current: Optional[List[Tensor]] = None
        for name, layer in decoder.named_modules():
            first = isinstance(layer, _CHANNELS_FIRST)
            if not first and not isinstance(layer, nn.LayerNorm):
                continue
            if getattr(layer, 'weight', None) is None:
                continue
            self.names.append(name)
            self.sizes.append(layer.weight.numel())
        if not self.names:
            raise ValueError(
                'model.condition needs normalisation layers with affine '
                'parameters in the decoder, but there is none: set it None.')
        frequencies = torch.exp(
            torch.linspace(0, math.log(1000), embed_dims // 2))
        self.register_buffer('frequencies', frequencies, persistent=False)
        self.hidden = nn.Sequential(
            nn.Linear(embed_dims, hidden_dims), nn.SiLU())
        self.scale_shift = nn.Linear(hidden_dims, 2 * sum(self.sizes))
        nn.init.zeros_(self.scale_shift.weight)
        nn.init.zeros_(self.scale_shift.bias)

    def forward(self, sigma: Tensor) -> List[Tensor]:
        """Scale and shift of every layer, (N, 2, C) each.

        Args:
            sigma (Tensor): Levels of the noise, N elements.
        """
        phase = sigma.reshape(-1, 1).float().log() * self.frequencies
        embedding = torch.cat([phase.sin(), phase.cos()], dim=1)
        out = self.scale_shift(self.hidden(embedding))
        return [
            part.unflatten(1, (2, -1))
            for part in out.split([2 * size for size in self.sizes], dim=1)
        ]

    @contextmanager
    def condition(self, sigma: Tensor):
        """Condition all forwards of the decoder in the scope."""
        self._hook_layers()
        self._current = self(sigma)
        try:
            yield
        finally:
            self._current = None

    @torch.no_grad()
    def fold(self, state_dict: Dict[str, Tensor], prefix: str,
             sigma: float) -> None:
        """Put the conditioning at one level into the affine parameters.

        Args:
            state_dict (dict[str, Tensor]): Changed in place; its tensors are
                replaced.
            prefix (str): What comes ahead of the decoder's keys.
            sigma (float): The level.
        """
        level = self.scale_shift.weight.new_tensor([sigma])
        for name, part in zip(self.names, self(level)):
            scale, shift = part[0]
            key = f'{prefix}{name}.'
            weight, bias = (state_dict[key + x] for x in ('weight', 'bias'))
            scale, shift = scale.to(weight), shift.to(weight)
            state_dict[key + 'weight'] = weight * (1 + scale)
            state_dict[key + 'bias'] = bias * (1 + scale) + shift

    def _hook_layers(self) -> None:
        """Hook layers that took the place of others, as SyncBN's do."""
        for index, name in enumerate(self.names):
            layer = self._decoder[0].get_submodule(name)
            if not any(
                    isinstance(hook, _LayerHook) and hook.owner is self
                    for hook in layer._forward_hooks.values()):
                layer.register_forward_hook(_LayerHook(self, index))


class _LayerHook:
    """Scales and shifts the output of one layer.

    Args:
        owner (NoiseConditioning): Has scale and shift.
        index (int): Which of its layers.
    """

    def __init__(self, owner: NoiseConditioning, index: int) -> None:
        self.owner = owner
        self.index = index

    def __call__(self, layer: nn.Module, args: tuple, output: Tensor):
        if self.owner._current is None:
            return None
        current = self.owner._current[self.index]
        scale, shift = current.to(output.dtype).unbind(1)
        if isinstance(layer, nn.LayerNorm):
            shape = (-1, *[1] * (output.dim() - 2), scale.shape[1])
        else:
            shape = (-1, scale.shape[1], *[1] * (output.dim() - 2))
        return output * (1 + scale.view(shape)) + shift.view(shape)
