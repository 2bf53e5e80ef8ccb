from typing import Optional

from mmengine.hooks import Hook

from ..runner.randomness import get_rng_state


class TrainStateHook(Hook):
    """Carry data order and random states through the checkpoint.

    ``ResumableIterBasedTrainLoop`` registers it itself; it is no hook for
    configs and hence in no registry.

    Args:
        loop (ResumableIterBasedTrainLoop): The loop whose state it carries.

    Attributes:
        data_order (dict, optional): Data order of the loaded checkpoint.
        rng_state (dict, optional): Random states of the loaded checkpoint.
    """

    def __init__(self, loop) -> None:
        self._loop = loop
        self.data_order: Optional[dict] = None
        self.rng_state: Optional[dict] = None

    def before_train_epoch(self, runner) -> None:
        """Validate a run that has nothing left to train."""
        if runner.val_loop is not None and max(
                1, self._loop.val_begin,
                self._loop.max_iters) <= self._loop.iter:
            runner.val_loop.run()

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Add the state to a checkpoint."""
        # Saved ahead of the iteration's end or, by a validation, after it:
        # the meta information alone tells how many are complete.
        checkpoint['data_order'] = self._loop.data_order(
            checkpoint['meta']['iter'])
        checkpoint['rng_state'] = get_rng_state()

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Keep the state until the loop starts."""
        self.data_order = checkpoint.get('data_order')
        self.rng_state = checkpoint.get('rng_state')
