from typing import Sequence

import torch
from mmengine.dist import broadcast
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmseg.registry import HOOKS

from ...datasets.samplers.seeded_index import hash_seed
from ..runner.randomness import forked_seed
from ..utils import unwrap_model
from .stage_hook import StageHook

_DONE = 'error_decoders_initialized'


@HOOKS.register_module()
class ErrorSimulationHook(Hook):
    """Switch the auxiliary decoders' error simulation by stage.

    ``algorithm.error_simulation`` is True in the given stages and False
    elsewhere. At the first iteration of the first such stage every auxiliary
    decoder is initialised anew and individually
    (``algorithm.init_error_decoders()``), alike on all ranks: copies of one
    decoder would show one pattern of errors. Decoders that ``load_from``
    brings as a whole (``algorithm.aux_decoders.loaded``) stay as they are. A
    resumed run never does it again; the message hub remembers.

    Goes with :class:`StageHook`.

    Args:
        stages (Sequence[str]): Stages with error simulation. Defaults to
            ``('localize', 'semi')``.

    Raises:
        ValueError: If the algorithm does not know one of the stages.
        TypeError: If the algorithm has no error simulation.
    """

    # Right after StageHook.
    priority = 'VERY_HIGH'

    def __init__(self, stages: Sequence[str] = ('localize', 'semi')) -> None:
        self.stages = tuple(stages)

    def before_train(self, runner) -> None:
        """Check the stages and set the switch for the first iteration."""
        algorithm = unwrap_model(runner.model)
        known = tuple(getattr(algorithm, 'stage_names', ()))
        unknown = [name for name in self.stages if name not in known]
        if unknown:
            raise ValueError(
                f'ErrorSimulationHook.stages names {unknown}, but '
                f'{type(algorithm).__name__} has the stages {known}.')
        if not hasattr(algorithm, 'init_error_decoders'):
            raise TypeError(
                'ErrorSimulationHook needs an algorithm with auxiliary '
                f'decoders, but model is {type(algorithm).__name__}: remove '
                'the hook from default_hooks.')
        if not any(isinstance(hook, StageHook) for hook in runner.hooks):
            raise ValueError('ErrorSimulationHook follows the stages that '
                             'StageHook sets: add stage=dict(type='
                             '"StageHook", stages=[...]) to default_hooks.')
        decoders = getattr(algorithm, 'aux_decoders', None)
        # a resume loads them as well, ahead of what it is about to repeat
        if runner.iter == 0 and getattr(decoders, 'loaded', False):
            runner.message_hub.update_info(_DONE, True)
            print_log(
                'Auxiliary decoders are those of the checkpoint.',
                logger='current')
        self._switch(runner)

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch=None) -> None:
        """Set the switch; initialise the decoders at the first switch-on."""
        hub = runner.message_hub
        on = self._switch(runner)
        if (on and runner.iter == hub.get_info('stage_begin')
                and not hub.get_info(_DONE, False)):
            # Ranks draw different random numbers, their decoders must not.
            seed = torch.tensor(runner.seed)
            broadcast(seed)
            with forked_seed(hash_seed(int(seed), 'decoders', runner.iter)):
                unwrap_model(runner.model).init_error_decoders()
            hub.update_info(_DONE, True)
            print_log(
                'Auxiliary decoders initialised individually at iteration '
                f'{runner.iter}.',
                logger='current')

    def _switch(self, runner) -> bool:
        algorithm = unwrap_model(runner.model)
        on = runner.message_hub.get_info('stage') in self.stages
        algorithm.error_simulation = on
        return on
