from typing import Dict, Optional, Sequence

import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.runner import CheckpointLoader
from mmseg.registry import MODELS
from mmseg.utils import ConfigType
from torch import Tensor, nn

from ...utils.stock_tools import inner_segmentor
from ..utils.ensemble_checkpoint import load_exactly
from ..utils.heads import forward_decode_head
from ..utils.image_space import from_loaded
from ..utils.segmentor_levels import SegmentorLevels
from .base import BaseCoSegmentor, weights_hash


@MODELS.register_module()
class ClassActivationCoSegmentor(BaseCoSegmentor):
    """Class activation maps of a small network, in place of CLIP and ViT.

    A stand-in where no foundation model is at hand: a network that has learnt
    nothing but which classes images show (:class:`ClassActivationHead`) says
    what is where, and the old model, for which everything new is background,
    says which pixels are new. It sees no label of a pixel of a new class.

    ``init`` is each shown class where its map is the highest one and above
    ``threshold`` of its own maximum; ``refined`` is the class of the highest
    map wherever the old model sees background.

    Args:
        tagger (dict): ``config`` (file) and ``checkpoint`` of the network.
        previous (dict): Those of the old model.
        threshold (float): Defaults to 0.4.

    Raises:
        ValueError: If a checkpoint does not fit.
    """

    def __init__(self,
                 tagger: ConfigType,
                 previous: ConfigType,
                 threshold: float = 0.4) -> None:
        super().__init__()
        self.tagger = self._load(tagger, 'tagger')
        self.previous = self._load(previous, 'previous')
        self.threshold = threshold
        self.requires_grad_(False).eval()
        self._levels = [
            SegmentorLevels(model) for model in (self.tagger, self.previous)
        ]
        for levels in self._levels:
            levels.watch('decode_head')

    @staticmethod
    def _load(source: ConfigType, name: str) -> nn.Module:
        field = f'ClassActivationCoSegmentor.{name}'
        if not source.get('checkpoint'):
            raise ValueError(f'{field}.checkpoint is '
                             f'{source.get("checkpoint")}: give the one that '
                             f'{source["config"]} has trained.')
        cfg = inner_segmentor(Config.fromfile(source['config']).model)
        model = MODELS.build(cfg)
        weights = CheckpointLoader.load_checkpoint(
            source['checkpoint'], map_location='cpu')
        load_exactly(model, weights.get('state_dict', weights),
                     f'{field}.checkpoint {source["checkpoint"]!r}')
        model.class_names = list(
            weights.get('meta', {}).get('dataset_meta', {}).get('classes', ()))
        return model

    def recipe(self) -> dict:
        """Options and hashes of both networks."""
        return dict(
            type=type(self).__name__,
            threshold=self.threshold,
            tagger_weights=weights_hash(self.tagger),
            previous_weights=weights_hash(self.previous))

    @torch.no_grad()
    def masks(self,
              image: Tensor,
              classes: Sequence[str],
              seed: int,
              truth: Optional[Tensor] = None) -> Dict[str, Tensor]:
        """See :meth:`BaseCoSegmentor.masks`."""
        maps, old = (self._logits(levels, image) for levels in self._levels)
        names = self.tagger.class_names
        missing = [c for c in classes if c not in names]
        if missing:
            raise ValueError(f'ClassActivationCoSegmentor.tagger has learnt '
                             f'{names}, but not {missing[0]!r}.')
        maps = maps[[names.index(c) for c in classes]]
        maps = F.interpolate(
            maps[None], old.shape[1:], mode='bilinear', align_corners=False)[0]
        index = torch.arange(len(maps), device=maps.device)[:, None, None]
        highest = maps.argmax(0)[None] == index
        low = maps.amin((1, 2), keepdim=True)
        high = maps.amax((1, 2), keepdim=True)
        share = (maps - low) / (high - low).clamp(min=1e-6)
        unknown = old.argmax(0)[None] == 0
        return dict(
            init=highest & (share > self.threshold),
            attention=share,
            refined=highest & unknown)

    def _logits(self, levels: SegmentorLevels, image: Tensor) -> Tensor:
        """Logits on the grid of the head, (C, h, w)."""
        model = levels.segmentor
        with levels.capture() as captured:
            feats = model.extract_feat(
                from_loaded(image[None].float(), model.data_preprocessor))
            forward_decode_head(model, feats)
        return captured['decode_head'][0].float()
