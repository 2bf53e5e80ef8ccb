from typing import List

import torch
from torch import Tensor, nn

# FPN's rule: a box of this size, in pixels, is the smallest of the second
# level's.
FINEST_SIZE = 112


class LevelShares:
    """Counts from which level the maximum of adaptive feature pooling comes.

    Recorded while the model runs inside the block, for RoIs grouped by the
    level that FPN would assign to their size. Zeros, where nothing won, are
    left out. Of `Path Aggregation Network
    <https://arxiv.org/abs/1803.01534>`_, figure 3.

    Args:
        extractor (nn.Module): ``AdaptiveFeaturePooling``.
        head (nn.Module): The head behind it, with ``level_layers``.

    Raises:
        ValueError: If the head has but one level or adds the levels up.
    """

    def __init__(self, extractor: nn.Module, head: nn.Module) -> None:
        layers = getattr(head, 'level_layers', ())
        if len(layers) < 2 or head.fusion != 'max':
            raise ValueError(
                f'{type(head).__name__} takes no maximum over levels: it '
                "needs num_levels of 2 or more and fusion='max'.")
        self._extractor = extractor
        self._layers = layers
        self._outputs: List[Tensor] = []
        self._levels: Tensor = torch.zeros(0, dtype=torch.long)
        self._handles: list = []
        levels = len(layers)
        self.counts = torch.zeros(levels, levels, dtype=torch.long)

    def __enter__(self) -> 'LevelShares':
        self._handles = [
            self._extractor.register_forward_pre_hook(self._see_rois),
            *(layer.register_forward_hook(self._see_level)
              for layer in self._layers)
        ]
        return self

    def __exit__(self, *error) -> None:
        for handle in self._handles:
            handle.remove()

    def shares(self) -> Tensor:
        """Share of each level in the maxima of each group.

        Returns:
            Tensor: (L, L), rows are groups of RoIs, fine to coarse; not a
            number where there was no RoI.
        """
        return self.counts / self.counts.sum(1, keepdim=True)

    def _see_rois(self, extractor: nn.Module, args: tuple) -> None:
        rois = args[1]
        size = ((rois[:, 3] - rois[:, 1]) * (rois[:, 4] - rois[:, 2])).sqrt()
        # As SingleRoIExtractor maps RoIs.
        level = (size / FINEST_SIZE + 1e-6).log2().floor() + 1
        self._levels = level.clamp(0, len(self._layers) - 1).long()
        self._outputs = []

    def _see_level(self, layer: nn.Module, args: tuple,
                   output: Tensor) -> None:
        self._outputs.append(output.detach().flatten(1))
        if len(self._outputs) < len(self._layers):
            return
        largest, winner = torch.stack(self._outputs, -1).max(-1)
        levels = len(self._layers)
        place = self._levels[:, None] * levels + winner
        found = torch.bincount(
            place[largest > 0].flatten(), minlength=levels * levels)
        self.counts += found.view(levels, levels).cpu()
        self._outputs = []
