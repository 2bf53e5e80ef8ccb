import logging
from typing import List, Optional, Sequence, Tuple

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmseg.registry import HOOKS

from ..utils import unwrap_model


@HOOKS.register_module()
class StageHook(Hook):
    """Tell the algorithm which stage of its method an iteration belongs to.

    The stage is computed from the iteration number alone, so it survives any
    resume. ``algorithm.set_stage(name)`` is called whenever the stage is
    established: at the start, after a resume and at each change.
    ``algorithm.enter_stage(name)`` follows at the first iteration of a stage
    and only there: a run resumed at a boundary enters the stage, a run
    resumed in its middle does not.

    The message hub carries the stage as ``stage`` and its first iteration as
    ``stage_begin`` for hooks that count from there.

    Args:
        stages (Sequence[dict]): One ``dict(name=str, iters=int)`` per stage
            in the order of training. ``iters=0`` skips a stage. The last
            stage has no ``iters``: it runs to the end of training.

    Raises:
        ValueError: If a duration is missing or negative, a name occurs twice,
            or the names differ from ``algorithm.stage_names``.

    Examples:
        >>> default_hooks = dict(stage=dict(type='StageHook', stages=[
        ...     dict(name='pretrain', iters=18620),
        ...     dict(name='localize', iters=13300),
        ...     dict(name='semi')]))
    """

    # Ahead of all other hooks: they may ask for the stage.
    priority = 'HIGHEST'

    def __init__(self, stages: Sequence[dict]) -> None:
        self.begins = self._parse(stages)
        self._current: Optional[str] = None

    @staticmethod
    def _parse(stages: Sequence[dict]) -> List[Tuple[str, int, bool]]:
        """Turn durations into ``(name, first iteration, skipped)``."""
        if not stages:
            raise ValueError('StageHook.stages is empty: give at least one '
                             "dict(name=...), e.g. [dict(name='semi')].")
        parsed, begin = [], 0
        for i, stage in enumerate(stages):
            name, iters = stage.get('name'), stage.get('iters')
            field = f'StageHook.stages[{i}]'
            if not isinstance(name, str) or set(stage) - {'name', 'iters'}:
                raise ValueError(f'{field} is {dict(stage)}: expected '
                                 'dict(name=str, iters=int).')
            if name in (known for known, _, _ in parsed):
                raise ValueError(f'{field} repeats the name {name!r}: each '
                                 'stage is listed once.')
            last = i == len(stages) - 1
            if last and iters is not None:
                raise ValueError(
                    f'{field} is the last stage and has iters={iters}: remove '
                    'it, the last stage runs to train_cfg.max_iters.')
            if not last and (not isinstance(iters, int) or iters < 0):
                raise ValueError(
                    f'{field} ({name!r}) has iters={iters}: expected an '
                    'integer >= 0 (0 skips the stage).')
            parsed.append((name, begin, iters == 0))
            begin += iters or 0
        return parsed

    def stage_at(self, iteration: int) -> Tuple[str, int]:
        """Look up the stage of an iteration.

        Args:
            iteration (int): Zero-based training iteration.

        Returns:
            tuple[str, int]: Name and first iteration of the stage.
        """
        return next((name, begin)
                    for name, begin, skipped in reversed(self.begins)
                    if begin <= iteration and not skipped)

    def before_train(self, runner) -> None:
        """Check the names and establish the stage of the first iteration."""
        algorithm = unwrap_model(runner.model)
        names = tuple(name for name, _, _ in self.begins)
        expected = tuple(getattr(algorithm, 'stage_names', ()))
        if names != expected:
            raise ValueError(
                f'StageHook.stages names {names}, but '
                f'{type(algorithm).__name__} has the stages {expected} in '
                'this order: list them all, with iters=0 to skip one.')
        for name, begin, skipped in self.begins:
            if not skipped and begin >= runner.max_iters:
                print_log(
                    f'Stage {name!r} would begin at iteration {begin}, but '
                    f'training ends at {runner.max_iters}: it is never '
                    'reached.',
                    logger='current',
                    level=logging.WARNING)
        self._current = None
        self._establish(runner)

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch=None) -> None:
        """Establish the stage of this iteration and enter a new one."""
        name, begin = self._establish(runner)
        if runner.iter == begin:
            unwrap_model(runner.model).enter_stage(name)

    def _establish(self, runner) -> Tuple[str, int]:
        name, begin = self.stage_at(runner.iter)
        if name != self._current:
            runner.message_hub.update_info('stage', name)
            runner.message_hub.update_info('stage_begin', begin)
            unwrap_model(runner.model).set_stage(name)
            print_log(
                f'Stage {name!r} from iteration {begin} on, now at iteration '
                f'{runner.iter}' +
                (f', before: {self._current!r}.' if self._current else '.'),
                logger='current')
            self._current = name
        return name, begin
