from typing import Optional, Sequence, Union

import torch
from mmengine.logging import MessageHub
from mmseg.utils import ConfigType

from ...datasets.class_size_statistics import ClassSizeStatistics
from .target_loss import BaseTargetLoss


class StatisticsLoss(BaseTargetLoss):
    """Base of target losses that compare with the labels of the source.

    Args:
        stats (str or dict): File written by
            ``tools/dataset_converters/class_size_statistics.py`` or its
            content.
        level (str): See :class:`BaseTargetLoss`.
        loss_weight (float or dict): See :class:`BaseTargetLoss`.
        resize_to (str, optional): See :class:`BaseTargetLoss`.
        loss_name (str): See :class:`BaseTargetLoss`.

    Raises:
        ValueError: If the statistics cannot be read or are of other classes.
    """

    def __init__(self, stats: Union[str, ConfigType, ClassSizeStatistics],
                 level: str, loss_weight: Union[float, ConfigType],
                 resize_to: Optional[str], loss_name: str) -> None:
        super().__init__(level, loss_weight, resize_to, loss_name)
        self.stats = ClassSizeStatistics.load(stats, self._field)
        self._names_checked = False

    @property
    def _field(self) -> str:
        return f'{type(self).__name__}.stats'

    @property
    def classes(self) -> Sequence[str]:
        """tuple[str]: Names of the classes that the loss expects."""
        return self.stats.classes

    @property
    def num_classes(self) -> int:
        """int: Number of the classes that the loss expects."""
        return len(self.stats.classes)

    def keep(self, name: str, values: Sequence) -> None:
        """Register numbers by class, which move with the model.

        They come from the statistics and so stay out of the checkpoint.
        """
        self.register_buffer(name, torch.tensor(values), persistent=False)

    def check_classes(self,
                      num_channels: int,
                      names: Optional[Sequence[str]] = None) -> None:
        """Raise unless the statistics are of the model's classes.

        Args:
            num_channels (int): Channels of the logits.
            names (Sequence[str], optional): Names of the classes. Defaults to
                None, which are those of the data that a running training has
                announced, if there is one; they are compared once.
        """
        if num_channels != self.num_classes:
            raise ValueError(
                f'{self._field} is of {self.num_classes} classes, but the '
                f'level {self.level!r} predicts {num_channels}.')
        if names is None:
            if self._names_checked:
                return
            self._names_checked = True
            hub = MessageHub.get_current_instance()
            if hub.get_info('loop_stage') == 'train':
                names = (hub.get_info('dataset_meta') or {}).get('classes')
        if names is not None and tuple(names) != self.classes:
            raise ValueError(
                f'{self._field} is of the classes {", ".join(self.classes)}, '
                f'but the training data has {", ".join(names)}.')
