import copy
from typing import Optional

import torch
from mmengine.runner import CheckpointLoader
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, SampleList
from torch import Tensor, nn

from ...utils.stock_tools import inner_segmentor
from .ensemble_checkpoint import load_exactly
from .heads import forward_decode_head
from .image_space import from_loaded
from .segmentor_levels import SegmentorLevels


class FrozenSegmentor(nn.Module):
    """A trained segmentor that another network learns from.

    It is always in eval mode, its parameters never get a gradient, no
    optimiser sees them, and it is no part of the checkpoint: it is read from
    its own whenever the network around it is built.

    Args:
        segmentor (dict): Config of a segmentor; of an algorithm that wraps
            one the segmentor is taken.
        checkpoint (str, optional): Its weights, or those of an algorithm
            around it. None leaves it as it is built; :attr:`is_loaded` is
            False then.
        field (str): The config field of both, for messages.

    Raises:
        ValueError: If the checkpoint does not fit, or there is none where
            it is needed.
    """

    def __init__(self, segmentor: ConfigType, checkpoint: Optional[str],
                 field: str) -> None:
        super().__init__()
        cfg = copy.deepcopy(inner_segmentor(segmentor))
        self.preprocessor = MODELS.build(
            cfg.pop('data_preprocessor', dict(type='SegDataPreProcessor')))
        self.segmentor = MODELS.build(cfg)
        self.levels = SegmentorLevels(self.segmentor)
        self.is_loaded = checkpoint is not None
        self._field = field
        if checkpoint is not None:
            weights = CheckpointLoader.load_checkpoint(
                checkpoint, map_location='cpu')
            load_exactly(self.segmentor, weights.get('state_dict', weights),
                         f'{field}.checkpoint {checkpoint!r}')
        self.requires_grad_(False)
        self.eval()
        self._register_state_dict_hook(_leave_out)
        self._register_load_state_dict_pre_hook(_keep_own, with_module=True)

    def train(self, mode: bool = True) -> 'FrozenSegmentor':
        """Stay in eval mode, whatever ``mode`` is."""
        return super().train(False)

    def init_weights(self) -> None:
        """Keep the weights of the checkpoint, or refuse to go without."""
        self.check_loaded()

    def check_loaded(self) -> None:
        """Raise if the segmentor has learnt nothing."""
        if not self.is_loaded:
            raise ValueError(
                f'{self._field}.checkpoint is None, but a trained segmentor '
                f'is needed: give its checkpoint, or set {self._field}=None.')

    def logits(self, images: Tensor) -> Tensor:
        """Logits on the grid of the decode head, with a graph to the images.

        Args:
            images (Tensor): BGR in 0..255, (N, 3, H, W).

        Returns:
            Tensor: Logits (N, C, h, w).
        """
        if 'decode_head' not in self.levels.names:
            self.levels.watch('decode_head')
        with self.levels.capture() as captured:
            feats = self.segmentor.extract_feat(
                from_loaded(images, self.preprocessor))
            forward_decode_head(self.segmentor, feats)
        return captured['decode_head']

    @torch.no_grad()
    def predict(self, images: Tensor, data_samples: SampleList) -> SampleList:
        """Predict as the stock segmentor does.

        Args:
            images (Tensor): BGR in 0..255, (N, 3, H, W).
            data_samples (list[SegDataSample]): Their samples.

        Returns:
            list[SegDataSample]: The samples with predictions.
        """
        self.check_loaded()
        return self.segmentor.predict(
            from_loaded(images, self.preprocessor), data_samples)


def _leave_out(module: nn.Module, state_dict: dict, prefix: str, *args):
    """A ``state_dict`` hook."""
    for key in [key for key in state_dict if key.startswith(prefix)]:
        del state_dict[key]


def _keep_own(module: nn.Module, state_dict: dict, prefix: str, *args) -> None:
    """A ``load_state_dict`` pre-hook: nothing is missing in a checkpoint."""
    for name, child in module.named_children():
        for key, value in child.state_dict().items():
            state_dict[f'{prefix}{name}.{key}'] = value
