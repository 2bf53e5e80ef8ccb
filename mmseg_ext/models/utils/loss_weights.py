"""Weights of losses, constant or as a function of the iteration.

Nothing is stored: a schedule reads the iteration from the message hub, where
MMEngine's ``RuntimeInfoHook`` keeps it, so that a resumed run goes on exactly.
"""
import math
from abc import ABCMeta, abstractmethod
from typing import Callable, Optional, Union

from mmengine.logging import MessageHub
from mmseg.registry import MODELS
from mmseg.utils import ConfigType


class BaseWeightSchedule(metaclass=ABCMeta):
    """Base of weight schedules: a function of the iteration.

    Args:
        begin (int, optional): Iteration that counts as the first one.
            Defaults to None, which is the first of the current stage where
            there is a ``StageHook``, else that of the training.

    Raises:
        ValueError: If ``begin`` is negative.
    """

    def __init__(self, begin: Optional[int] = None) -> None:
        if begin is not None:
            self._check('begin', begin, begin >= 0, '>= 0')
        self.begin = begin

    @abstractmethod
    def at(self, iteration: int) -> float:
        """Weight of an iteration.

        Args:
            iteration (int): Counted from ``begin``, from 0 on.

        Returns:
            float: The weight.
        """

    def __call__(self) -> float:
        hub = MessageHub.get_current_instance()
        begin = self.begin
        if begin is None:
            begin = hub.get_info('stage_begin', 0)
        return self.at(max(hub.get_info('iter', 0) - begin, 0))

    def _check(self, name: str, value: float, good: bool, what: str) -> None:
        if not good:
            raise ValueError(
                f'{type(self).__name__}.{name} must be {what} but is {value}.')


@MODELS.register_module()
class DANNRamp(BaseWeightSchedule):
    """A weight that rises from 0 and levels off.

    .. math:: w(t) = w_{max} \\Big(\\frac{2}{1 + e^{-\\gamma t / T}} - 1\\Big)

    With the defaults it is 0.987 of the maximum at :math:`t = T / 2` and
    0.9999 at :math:`t = T`. Of `Domain-Adversarial Training of Neural
    Networks <https://arxiv.org/abs/1505.07818>`_, section 5.2.2.

    Args:
        max_weight (float): The weight it tends to, :math:`w_{max}`. Defaults
            to 1.0.
        iters (int): Length of the ramp, :math:`T`. Defaults to 1200.
        gamma (float): Steepness, :math:`\\gamma`. Defaults to 10.
        begin (int, optional): See :class:`BaseWeightSchedule`. Defaults to
            None.

    Raises:
        ValueError: If ``iters`` or ``gamma`` is not positive.
    """

    def __init__(self,
                 max_weight: float = 1.0,
                 iters: int = 1200,
                 gamma: float = 10.,
                 begin: Optional[int] = None) -> None:
        super().__init__(begin)
        self._check('iters', iters, iters > 0, '> 0')
        self._check('gamma', gamma, gamma > 0, '> 0')
        self.max_weight = max_weight
        self.iters = iters
        self.gamma = gamma

    def at(self, iteration: int) -> float:
        """See :meth:`BaseWeightSchedule.at`."""
        # tanh(x / 2) is the same and cannot overflow.
        return self.max_weight * math.tanh(
            self.gamma * iteration / self.iters / 2)


@MODELS.register_module()
class LinearWeight(BaseWeightSchedule):
    """A value that goes from one to another and stays there.

    Args:
        start (float): Value at the first iteration.
        end (float): Value from iteration ``iters`` on.
        iters (int): Iterations between the two.
        begin (int, optional): See :class:`BaseWeightSchedule`. Defaults to
            None.

    Raises:
        ValueError: If ``iters`` is not positive.
    """

    def __init__(self,
                 start: float,
                 end: float,
                 iters: int,
                 begin: Optional[int] = None) -> None:
        super().__init__(begin)
        self._check('iters', iters, iters > 0, '> 0')
        self.start = start
        self.end = end
        self.iters = iters

    def at(self, iteration: int) -> float:
        """See :meth:`BaseWeightSchedule.at`."""
        share = min(iteration / self.iters, 1)
        return self.start + share * (self.end - self.start)


class ConstantWeight:
    """The same weight in every iteration.

    Args:
        weight (float): The weight.
    """

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def __call__(self) -> float:
        return self.weight


def build_loss_weight(weight: Union[float, ConfigType],
                      field: str = 'loss_weight') -> Callable[[], float]:
    """Make a weight that is called for its value at the current iteration.

    Args:
        weight (float or dict): A number, or the config of a schedule such as
            ``dict(type='DANNRamp', max_weight=0.1, iters=1200)``.
        field (str): Config field, for the message. Defaults to 'loss_weight'.

    Returns:
        Callable[[], float]: The weight.

    Raises:
        TypeError: If it is neither.
        ValueError: If the number is not finite.
    """
    if isinstance(weight, dict) and 'type' in weight:
        return MODELS.build(weight)
    if isinstance(weight, bool) or not isinstance(weight, (int, float)):
        raise TypeError(
            f'{field} must be a number or the config of a schedule, a dict '
            f'with a `type`, but is {weight!r}.')
    if not math.isfinite(weight):
        raise ValueError(f'{field} must be finite but is {weight}.')
    return ConstantWeight(float(weight))
