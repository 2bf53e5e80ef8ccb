from typing import Dict, Optional, Sequence

import torch
from mmengine.config import Config
from mmengine.runner import CheckpointLoader
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..utils.ensemble_checkpoint import load_exactly
from ..utils.heads import forward_decode_head
from ..utils.image_space import from_loaded
from ..utils.segmentor_levels import SegmentorLevels
from .base import BaseCoSegmentor, weights_hash


@MODELS.register_module()
class ClassActivationCoSegmentor(BaseCoSegmentor):
    """Class activation maps of a small network, in place of CLIP and ViT.

    A stand-in where no foundation model is at hand: a network that has learnt
    from labels of images (:class:`ImageTagging`) says what is where, and the
    old model, for which everything new is background, says which pixels are
    new. It sees no label of a pixel of a new class.

    ``init`` is each shown class where its map is the highest one and above
    ``threshold`` of its own range; ``refined`` is the class of the highest
    map wherever the old model sees background.

    Args:
        config (str): Config of the training of :class:`ImageTagging`.
        checkpoint (str): What it has trained.
        threshold (float): Defaults to 0.4.

    Raises:
        ValueError: If the checkpoint does not fit.
    """

    def __init__(self,
                 config: str,
                 checkpoint: Optional[str],
                 threshold: float = 0.4) -> None:
        super().__init__()
        field = 'ClassActivationCoSegmentor.checkpoint'
        if not checkpoint:
            raise ValueError(f'{field} is {checkpoint}: give the one that '
                             f'{config} has trained.')
        content = CheckpointLoader.load_checkpoint(
            checkpoint, map_location='cpu')
        algorithm = MODELS.build(Config.fromfile(config).model)
        state = content.get('state_dict', content)
        self.networks = nn.ModuleDict()
        for name in ('segmentor', 'previous'):
            network = getattr(algorithm, name)
            prefix = f'{name}.'
            own = {
                f'segmentor.{key[len(prefix):]}': value
                for key, value in state.items() if key.startswith(prefix)
            }
            load_exactly(network, own, f'{field} {checkpoint!r}')
            self.networks[name] = network
        self.preprocessor = algorithm.data_preprocessor
        meta = content.get('meta', {}).get('dataset_meta') or {}
        self.class_names = list(meta.get('classes', ()))
        self.threshold = threshold
        self.requires_grad_(False).eval()
        self._levels = {
            name: SegmentorLevels(network)
            for name, network in self.networks.items()
        }
        for levels in self._levels.values():
            levels.watch('decode_head')

    def recipe(self) -> dict:
        """Options and a hash of the networks."""
        return dict(
            type=type(self).__name__,
            threshold=self.threshold,
            weights=weights_hash(self.networks))

    @torch.no_grad()
    def masks(self,
              image: Tensor,
              classes: Sequence[str],
              seed: int,
              truth: Optional[Tensor] = None) -> Dict[str, Tensor]:
        """See :meth:`BaseCoSegmentor.masks`."""
        missing = [c for c in classes if c not in self.class_names]
        if missing:
            raise ValueError('ClassActivationCoSegmentor has learnt '
                             f'{self.class_names}, but not {missing[0]!r}.')
        maps = self._logits('segmentor', image)
        maps = maps[[self.class_names.index(c) for c in classes]]
        index = torch.arange(len(maps), device=maps.device)[:, None, None]
        highest = maps.argmax(0)[None] == index
        low = maps.amin((1, 2), keepdim=True)
        high = maps.amax((1, 2), keepdim=True)
        share = (maps - low) / (high - low).clamp(min=1e-6)
        unknown = self._logits('previous', image).argmax(0)[None] == 0
        return dict(
            init=highest & (share > self.threshold),
            attention=share,
            refined=highest & unknown)

    def _logits(self, name: str, image: Tensor) -> Tensor:
        """Logits on the grid of the head, (C, h, w)."""
        network, levels = self.networks[name], self._levels[name]
        with levels.capture() as captured:
            feats = network.extract_feat(
                from_loaded(image[None].float(), self.preprocessor))
            forward_decode_head(network, feats)
        return captured['decode_head'][0].float()
