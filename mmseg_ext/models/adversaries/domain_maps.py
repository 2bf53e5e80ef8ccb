import math
from typing import Tuple

import torch
from mmseg.models.utils import resize
from mmseg.utils import SampleList
from torch import Tensor, nn

from ..utils.logits import (prediction_from_logits, softmax_entropy,
                            two_channel_logits)
from ..utils.masks import resize_valid_masks, stack_labels, stack_valid_masks
from ..utils.segmentor_levels import LevelMaps, SegmentorLevels


class DomainMaps:
    """The maps that the images of one domain gave, as losses want them.

    Logits are upsampled once a level, whoever asks for them. Those of a
    binary head have two channels.

    Args:
        levels (SegmentorLevels): The levels that were recorded.
        captured (LevelMaps): What the forward pass left.
        images (Tensor): The images, (N, 3, H, W).
        data_samples (list[SegDataSample]): Their samples.
    """

    def __init__(self, levels: SegmentorLevels, captured: LevelMaps,
                 images: Tensor, data_samples: SampleList) -> None:
        self.images = images
        self.valid = stack_valid_masks(data_samples)
        self._data_samples = data_samples
        self._levels = levels
        self._captured = captured
        self._upsampled: dict = {}

    def __contains__(self, level: str) -> bool:
        return level in self._captured

    @property
    def labels(self) -> Tensor:
        """Tensor: label maps of the domain, int64 (N, H, W).

        Raises:
            ValueError: If the images have none.
        """
        if any('gt_sem_seg' not in sample for sample in self._data_samples):
            raise ValueError(
                'model.target_losses has a loss that reads pseudo labels, but '
                'the target has none: set data_prefix.seg_map_path of '
                'train_dataloader.dataset.target and load them by '
                "dict(type='LoadAnnotations') in its pipeline.")
        return stack_labels(self._data_samples)

    def read_for(self, reader: nn.Module) -> Tensor:
        """Read what an adversary or a target loss asks for.

        Args:
            reader (nn.Module): Its ``level`` names the map; with
                ``resize_to='input'`` logits have the size of the images.

        Returns:
            Tensor: Logits (N, max(C, 2), h, w) or features (N, C, h, w).
        """
        level = reader.level
        if not self._levels.is_logits(level):
            return self._captured[level]
        if reader.resize_to is None:
            return two_channel_logits(self._captured[level])
        if level not in self._upsampled:
            self._upsampled[level] = resize(
                two_channel_logits(self._captured[level]),
                size=tuple(self.images.shape[2:]),
                mode='bilinear',
                align_corners=self._levels.head(level).align_corners,
                warning=False)
        return self._upsampled[level]

    @torch.no_grad()
    def predict(self) -> Tuple[Tensor, Tensor, Tensor]:
        """The prediction of the decode head on its own grid (h, w).

        Returns:
            tuple[Tensor, Tensor, Tensor]: Classes, int64 of shape (N, h, w),
            normalised entropy in [0, 1], and the pixels that are not padding,
            bool, of the same shape.
        """
        head = self._levels.head('decode_head')
        logits = self._captured['decode_head']
        prediction = prediction_from_logits(logits,
                                            getattr(head, 'threshold', None))
        logits = two_channel_logits(logits)
        entropy = softmax_entropy(logits)[:, 0] / math.log(logits.shape[1])
        valid = resize_valid_masks(self.valid, logits.shape[2:])
        return prediction, entropy, valid
