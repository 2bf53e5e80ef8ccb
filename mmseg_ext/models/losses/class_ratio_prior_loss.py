from typing import Optional, Union

from mmseg.registry import MODELS
from mmseg.utils import ConfigType
from torch import Tensor

from ...datasets.class_size_statistics import ClassSizeStatistics
from .statistics_loss import StatisticsLoss


@MODELS.register_module()
class ClassRatioPriorLoss(StatisticsLoss):
    """No class may be much rarer in the prediction than in the source.

    With :math:`p_s` the shares of the classes among the labelled pixels of
    the source and :math:`\\bar{P}` the mean prediction over the pixels of an
    image:

    .. math:: L_{cp} = \\sum_c \\max(0, \\mu p_s(c) - \\bar{P}(c))

    taken image by image and averaged over the images. Of `ADVENT: Adversarial
    Entropy Minimization for Domain Adaptation in Semantic Segmentation
    <https://arxiv.org/abs/1811.12833>`_, section 3.3. The authors published
    neither code nor weight of it: the default weight is not verified.

    Args:
        stats (str or dict): File written by
            ``tools/dataset_converters/class_size_statistics.py`` or its
            content.
        mu (float): How much of the source's share is asked for, in [0, 1].
            Defaults to 0.5.
        level (str): See :class:`BaseTargetLoss`. Defaults to 'decode_head'.
        loss_weight (float or dict): Weight of the loss or a schedule.
            Defaults to 1e-3.
        resize_to (str, optional): See :class:`BaseTargetLoss`. Defaults to
            'input'.
        loss_name (str): Name in the log. Defaults to 'loss_class_ratio'.

    Raises:
        ValueError: If ``mu`` is outside [0, 1], or the statistics cannot be
            read or are of other classes.
    """

    def __init__(self,
                 stats: Union[str, ConfigType, ClassSizeStatistics],
                 mu: float = 0.5,
                 level: str = 'decode_head',
                 loss_weight: Union[float, ConfigType] = 1e-3,
                 resize_to: Optional[str] = 'input',
                 loss_name: str = 'loss_class_ratio') -> None:
        super().__init__(stats, level, loss_weight, resize_to, loss_name)
        if not 0 <= mu <= 1:
            raise ValueError(
                f'ClassRatioPriorLoss.mu must be in [0, 1] but is {mu}.')
        self.mu = mu
        self.keep('floor', [mu * share for share in self.stats.class_shares])

    def compute(self, logits: Tensor, valid: Tensor) -> Tensor:
        """See :meth:`BaseTargetLoss.compute`."""
        self.check_classes(logits.shape[1])
        prob = logits.softmax(1).masked_fill(~valid[:, None], 0)
        pixels = valid.sum((1, 2))
        mean = prob.sum((2, 3)) / pixels.clamp(min=1)[:, None]
        missing = (self.floor.to(mean) - mean).clamp(min=0).sum(1)
        counted = pixels > 0
        return missing.masked_fill(~counted,
                                   0).sum() / counted.sum().clamp(min=1)
