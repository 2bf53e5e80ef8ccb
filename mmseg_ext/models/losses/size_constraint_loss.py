from typing import Dict, Optional, Sequence, Union

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from mmseg.utils import ConfigType
from torch import Tensor

from ...datasets.class_size_statistics import ClassSizeStatistics
from ..utils.logits import largest_channel
from .size_constraint_solver import solve_size_constraints
from .statistics_loss import StatisticsLoss


@MODELS.register_module()
class SizeConstraintLoss(StatisticsLoss):
    """The classes of an image cover what they cover in the source.

    Constrained multiple-instance learning. With :math:`\\alpha_c, \\delta_c,
    \\gamma_c` the 10 % quantile, mean and 90 % quantile of the share of a
    source image that class c covers where it occurs, and :math:`d_c` the share
    of the pixels of a target image that are predicted as c:

    1. Class c is present where :math:`d_c > 0.1 \\alpha_c`.
    2. :math:`P` is the distribution nearest to the prediction :math:`Q` that
       has no mass on absent classes and :math:`\\delta_c \\le \\bar{P}(c) \\le
       \\gamma_c` on present ones, the lower bound with slack, see
       :func:`solve_size_constraints`.
    3. With P constant, n pixels, and the mean over the images:

    .. math:: L = \\frac{1}{n} \\sum_i \\sum_c P_i(c) \\log
              \\frac{P_i(c)}{Q_i(c)}

    The gradient of classes that are large in the source (:math:`\\alpha_c >
    0.1`) is scaled down, so that small ones are heard.

    Of `FCNs in the Wild: Pixel-level Adversarial and Constraint-based
    Adaptation <https://arxiv.org/abs/1612.02649>`_, section 3.2, with the dual
    of `Constrained Convolutional Neural Networks for Weakly Supervised
    Segmentation <https://arxiv.org/abs/1506.03648>`_. Start it from a model
    that was trained on the source: absent classes are pushed to zero.

    ``figures`` holds, without gradient, means over the images of the last
    forward: ``present_classes``, and ``active_lower`` and ``active_upper``,
    the bounds that hold with equality or by slack.

    Args:
        stats (str or dict): File written by
            ``tools/dataset_converters/class_size_statistics.py`` or its
            content.
        level (str): See :class:`BaseTargetLoss`. Defaults to 'decode_head'.
        loss_weight (float or dict): Weight of the loss or a schedule.
            Defaults to 0.1.
        slack (float): How far a lower bound may shift the logit of a class.
            Defaults to 2.0.
        presence_ratio (float): Factor on :math:`\\alpha_c` above which a class
            is present. Defaults to 0.1.
        classes (Sequence[str], optional): Classes that are constrained; the
            others may cover anything. Defaults to None, all.
        large_class_thr (float): :math:`\\alpha_c` above which a class is
            large. Defaults to 0.1.
        large_class_weight (float): Factor on the gradient of large classes.
            Defaults to 0.1.
        large_classes (Sequence[str], optional): The large classes by name, in
            place of the rule. Defaults to None.
        num_iters (int): Most iterations of the solver. Defaults to 300.
        resize_to (str, optional): See :class:`BaseTargetLoss`. Defaults to
            None: the grid of the head is enough.
        stride (int): Take every n-th pixel of each row and column. Defaults
            to 1.
        loss_name (str): Name in the log. Defaults to 'loss_size'.

    Raises:
        ValueError: If a number is out of range, a class is none of the
            statistics, or these cannot be read or are of other classes.
    """

    def __init__(self,
                 stats: Union[str, ConfigType, ClassSizeStatistics],
                 level: str = 'decode_head',
                 loss_weight: Union[float, ConfigType] = 0.1,
                 slack: float = 2.0,
                 presence_ratio: float = 0.1,
                 classes: Optional[Sequence[str]] = None,
                 large_class_thr: float = 0.1,
                 large_class_weight: float = 0.1,
                 large_classes: Optional[Sequence[str]] = None,
                 num_iters: int = 300,
                 resize_to: Optional[str] = None,
                 stride: int = 1,
                 loss_name: str = 'loss_size') -> None:
        super().__init__(stats, level, loss_weight, resize_to, loss_name)
        for name, value, least in (('slack', slack, 0), ('presence_ratio',
                                                         presence_ratio, 0),
                                   ('num_iters', num_iters, 1), ('stride',
                                                                 stride, 1)):
            if value < least:
                raise ValueError(f'SizeConstraintLoss.{name} must be >= '
                                 f'{least} but is {value}.')
        self.slack = slack
        self.presence_ratio = presence_ratio
        self.num_iters = num_iters
        self.stride = stride
        self.figures: Dict[str, Tensor] = {}

        names, alpha = self.stats.classes, self.stats.alpha
        bound = self._among('classes', classes or names)
        large = [value > large_class_thr for value in alpha]
        if large_classes is not None:
            large = self._among('large_classes', large_classes)
        free = [not flag for flag in bound]
        self.keep('free', free)
        self.keep('least', [presence_ratio * value for value in alpha])
        self.keep('low', _unless(free, self.stats.delta, 0.))
        self.keep('high', _unless(free, self.stats.gamma, 1.))
        self.keep('gradient_scale',
                  [large_class_weight if flag else 1. for flag in large])

    def _among(self, option: str, chosen: Sequence[str]) -> Sequence[bool]:
        unknown = [name for name in chosen if name not in self.classes]
        if unknown:
            raise ValueError(
                f'SizeConstraintLoss.{option} names {unknown[0]!r}, but stats '
                f'has the classes {", ".join(self.classes)}.')
        return [name in chosen for name in self.classes]

    def compute(self, logits: Tensor, valid: Tensor) -> Tensor:
        """See :meth:`BaseTargetLoss.compute`."""
        self.check_classes(logits.shape[1])
        step = slice(None, None, self.stride)
        logits = logits[..., step, step].flatten(2)
        valid = valid[:, step, step].flatten(1)
        pixels = valid.sum(1)
        weight = valid / pixels.clamp(min=1)[:, None].to(logits)

        fixed = logits.detach()
        present = self._present(fixed, weight)
        counted = (pixels > 0) & present.any(1)
        # Something has to be allowed where nothing counts.
        allowed = present | ~counted[:, None]
        solution = solve_size_constraints(
            fixed,
            weight,
            allowed,
            self.low.to(fixed).expand_as(allowed),
            self.high.to(fixed).expand_as(allowed),
            slack=self.slack,
            num_iters=self.num_iters)

        # The same value with a gradient scaled by class.
        scale = self.gradient_scale.to(fixed)[:, None]
        scaled = fixed + scale * (logits - fixed)
        divergence = F.kl_div(
            F.log_softmax(scaled, 1), solution.distribution,
            reduction='none').sum(1)
        counts = counted.sum().clamp(min=1)
        weight = weight * counted[:, None]
        active = dict(
            present_classes=present,
            active_lower=present & (solution.lower > 1e-4),
            active_upper=present & (solution.upper > 1e-4))
        self.figures = {
            name: (flags & counted[:, None]).sum() / counts
            for name, flags in active.items()
        }
        return (divergence * weight).sum() / counts

    def _present(self, logits: Tensor, weight: Tensor) -> Tensor:
        """Classes that cover enough of the prediction, bool (B, C)."""
        classes = torch.arange(logits.shape[1], device=logits.device)
        predicted = largest_channel(logits, keepdim=True) == classes[:, None]
        share = torch.bmm(predicted.to(weight), weight[:, :, None])[:, :, 0]
        return (share > self.least.to(share)) | self.free


def _unless(flags: Sequence[bool], values: Sequence[float], other: float):
    return [other if flag else value for flag, value in zip(flags, values)]
