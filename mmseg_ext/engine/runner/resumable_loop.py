import logging
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

from mmengine.dist import get_rank, get_world_size
from mmengine.hooks import CheckpointHook
from mmengine.logging import print_log
from mmengine.optim import OptimWrapperDict
from mmengine.runner import IterBasedTrainLoop
from mmseg.registry import LOOPS
from torch.utils.data import DataLoader

from ...datasets.samplers.seeded_index import hash_seed
from ..hooks.atomic_checkpoint_hook import AtomicCheckpointHook
from ..hooks.train_state_hook import TrainStateHook
from ..stop_signal import keep_workers
from ..utils import check_workers, iterations_per_step, release_workers
from .randomness import seed_process, set_rng_state


@LOOPS.register_module()
class ResumableIterBasedTrainLoop(IterBasedTrainLoop):
    """Iteration loop whose resumed run equals the uninterrupted one.

    **Random numbers.** Ahead of every iteration python, numpy and torch are
    seeded with a hash of (run seed, rank, iteration). Dropout, sampled
    windows and everything else that the main process draws is thereby a
    function of the iteration, whatever happened before it: validation, a
    kill, a resume. Data workers get the same property from
    ``MultiSourceSampler``: each index carries a seed made of (run seed,
    source, position in the source's stream), with which the data set seeds
    the worker before it loads and augments that sample. The number of workers
    therefore has no influence either. Plain data sets get it from
    ``SeededDataset``.

    **Data order.** A sampler with ``set_start_batch`` is advanced in O(1):
    nothing is loaded to be thrown away. With any other sampler the loop falls
    back to the stock way, which loads every batch already trained on, and
    says so once. If world size or batch size changed since the checkpoint,
    training continues behind the samples already consumed per source.

    **Checkpoint.** :class:`TrainStateHook`, which the loop registers, adds
    ``data_order`` (seed, world size, batch, samples consumed per source) and
    ``rng_state`` (of the saving process). On resume both are restored, the
    seed of the sampler included, which the runner has drawn anew if the
    config leaves it open. With the seeding above ``rng_state`` matters only
    for what runs before the first iteration. A run that is resumed at its
    end is validated once more: it may have been killed in its last
    validation, which begins behind its last checkpoint.

    **Accumulation.** ``accumulative_counts`` batches make one iteration: one
    optimiser step with the mean of their gradients, as that many devices
    would make. In contrast to ``optim_wrapper.accumulative_counts``, which
    counts every batch as an iteration, the length of the training, learning
    rates, stages, checkpoints, averaged teachers and logs stay as they are on
    several devices. Logged losses are means over the batches. Hooks get the
    first batch ahead of an iteration and the last one behind it; what a hook
    has as ``before_accumulated_batch`` gets each one between.
    ``auto_scale_lr`` counts all batches.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader or dict): Training data.
        max_iters (int): Length of the training.
        val_begin (int): First iteration that may validate. Defaults to 1.
        val_interval (int): Iterations between validations. Defaults to 1000.
        dynamic_intervals (list[tuple[int, int]], optional): As in the stock
            loop. Defaults to None.
        accumulative_counts (int): Batches whose gradients make one iteration.
            Defaults to 1.

    Raises:
        ValueError: If the batch size of the data loader is not that of the
            sampler, ``accumulative_counts`` is not a positive integer or is
            set for the optimiser too, or workers shall persist that are none.
    """

    def __init__(self,
                 runner,
                 dataloader: Union[DataLoader, Dict],
                 max_iters: int,
                 val_begin: int = 1,
                 val_interval: int = 1000,
                 dynamic_intervals: Optional[List[Tuple[int, int]]] = None,
                 accumulative_counts: int = 1) -> None:
        if not isinstance(accumulative_counts, int) or accumulative_counts < 1:
            raise ValueError(
                f'train_cfg.accumulative_counts is {accumulative_counts!r}: '
                'expected an integer >= 1.')
        check_workers(runner.cfg, ('train_dataloader', 'val_dataloader'))
        if isinstance(dataloader, dict):
            # As the base class does; it starts the workers, too.
            dataloader = runner.build_dataloader(
                dataloader,
                seed=runner.seed,
                diff_rank_seed=runner._randomness_cfg.get(
                    'diff_rank_seed', False))
        keep_workers(dataloader)
        super().__init__(runner, dataloader, max_iters, val_begin,
                         val_interval, dynamic_intervals)
        self.sampler = self.dataloader.sampler
        if hasattr(self.sampler, 'bind_batch_size'):
            self.sampler.bind_batch_size(self.dataloader.batch_size)
        self.accumulative_counts = accumulative_counts
        # The batch of the iteration that is being trained on.
        self._batch = 0
        # Batches ahead of the one from which the sampler counts.
        self._offset = 0
        self.train_state = TrainStateHook(self)
        runner.register_hook(self.train_state)
        scaling = runner.auto_scale_lr
        if accumulative_counts > 1 and scaling and scaling.get(
                'base_batch_size'):
            # The runner compares it with one batch of every rank.
            runner.auto_scale_lr = dict(
                scaling,
                base_batch_size=scaling['base_batch_size'] /
                accumulative_counts)

    def run(self) -> None:
        """Train; a resumed run continues the data order first."""
        self._check_checkpoint_interval()
        self._accumulate()
        if self.runner.val_loop is not None:
            keep_workers(self.runner.val_loop.dataloader)
        start = self._iter
        if start > 0:
            if self.train_state.rng_state is not None and get_rank() == 0:
                set_rng_state(self.train_state.rng_state)
            if self._advance_sampler():
                # The workers have begun to load from the order's start; they
                # end, or begin anew if they are persistent.
                infinite = type(self.dataloader_iterator)
                del self.dataloader_iterator
                self.dataloader_iterator = _Skipping(
                    infinite(self.dataloader), start)
            else:
                # The stock loop skips one batch an iteration.
                for _ in range((self.accumulative_counts - 1) * start):
                    next(self.dataloader_iterator)
        try:
            return super().run()
        finally:
            # Left to the interpreter's exit, each worker takes 5 seconds.
            del self.dataloader_iterator
            release_workers(self.dataloader)
            if self.runner.val_loop is not None:
                release_workers(self.runner.val_loop.dataloader)

    def run_iter(self, data_batch) -> None:
        """Seed the process, then train on one batch or on several.

        Args:
            data_batch (dict): Batch from the data loader, the first of an
                iteration.
        """
        seed_process(self.iteration_seed(self._iter))
        if self.accumulative_counts == 1:
            super().run_iter(data_batch)
        else:
            self._run_accumulated(data_batch)
        # What a loader without workers draws for the next batch.
        seed_process(self.iteration_seed(self._iter, 'data'))

    def _run_accumulated(self, data_batch) -> None:
        """Make one iteration of several batches."""
        runner, outputs = self.runner, []
        runner.call_hook(
            'before_train_iter', batch_idx=self._iter, data_batch=data_batch)
        for self._batch in range(self.accumulative_counts):
            if self._batch > 0:
                seed_process(self.iteration_seed(self._iter, 'data'))
                data_batch = next(self.dataloader_iterator)
                seed_process(self.iteration_seed(self._iter))
                runner.call_hook(
                    'before_accumulated_batch', data_batch=data_batch)
            outputs.append(
                runner.model.train_step(
                    data_batch, optim_wrapper=runner.optim_wrapper))
        runner.call_hook(
            'after_train_iter',
            batch_idx=self._iter,
            data_batch=data_batch,
            outputs=_mean_outputs(outputs))
        self._batch = 0
        self._iter += 1

    def iteration_seed(self, iteration: int, stream: str = 'step') -> int:
        """Give the seed that an iteration of this rank starts from.

        Args:
            iteration (int): Zero-based training iteration. Where several
                batches make one, the seed is that of the batch at hand.
            stream (str): ``step`` or ``data``. Defaults to ``step``.

        Returns:
            int: Seed in [0, 2**32).
        """
        return hash_seed(self.runner.seed, get_rank(), stream,
                         iteration * self.accumulative_counts + self._batch)

    def data_order(self, iterations: int) -> Optional[dict]:
        """Describe the data order after a number of iterations.

        Args:
            iterations (int): Iterations completed.

        Returns:
            dict or None: State of the sampler (seed, batch, samples consumed
            per source by all ranks together) with the world size and the
            batch size of one rank; None with a sampler that has no state.
        """
        if not self._is_seekable:
            return None
        batches = iterations * self.accumulative_counts - self._offset
        return dict(
            self.sampler.state_dict(batches),
            world_size=get_world_size(),
            batch_size=self.dataloader.batch_size)

    @property
    def _is_seekable(self) -> bool:
        return hasattr(self.sampler, 'set_start_batch')

    def _advance_sampler(self) -> bool:
        """Put the sampler behind the data already used, if it can seek."""
        if not self._is_seekable:
            print_log(
                f'{type(self.sampler).__name__} cannot seek: all batches up '
                f'to iteration {self._iter} are loaded and dropped. Use '
                "train_dataloader.sampler=dict(type='MultiSourceSampler') to "
                'resume at once.',
                logger='current',
                level=logging.WARNING)
            return False
        order = self.train_state.data_order
        trained = self._iter * self.accumulative_counts
        if order is None:
            # A checkpoint of another loop: the iteration is all it tells.
            self.sampler.set_seed(self.runner.seed)
            self.sampler.set_start_batch(trained)
            print_log(
                'The checkpoint carries no data order: it is taken from the '
                f'seed {self.runner.seed} and the iteration {self._iter}.',
                logger='current',
                level=logging.WARNING)
            return True
        self.sampler.load_state_dict(order)
        self._offset = trained - self._batches_drawn(order['consumed'])
        layout = self.sampler.state_dict(0)['steps']
        if layout == order['steps']:
            print_log(
                f'Data order resumed at iteration {self._iter}; no batch is '
                'loaded to be dropped.',
                logger='current')
        else:
            print_log(
                f'The images per step changed from {order["steps"]} '
                f'(world size {order["world_size"]}) to {layout} (world size '
                f'{get_world_size()}): the data order goes on behind the '
                f'images consumed per source, {order["consumed"]}.',
                logger='current',
                level=logging.WARNING)
        return True

    def _batches_drawn(self, consumed: Dict[str, int]) -> int:
        """Count the sampler's batches up to a number of samples."""
        base, first = self.sampler.consumed(0), self.sampler.consumed(1)
        return max(
            0,
            *((consumed[name] - base[name]) // (first[name] - base[name])
              for name in base if first[name] > base[name]))

    def _accumulate(self) -> None:
        """Let the optimiser step with the last batch of an iteration."""
        if self.accumulative_counts == 1:
            return
        wrapper = self.runner.optim_wrapper
        if isinstance(wrapper, OptimWrapperDict):
            raise ValueError(
                f'train_cfg.accumulative_counts is {self.accumulative_counts}'
                ', but optim_wrapper is an OptimWrapperDict, whose '
                'accumulation the model counts itself: remove it, or join the '
                "optimisers by constructor='JointOptimWrapperConstructor'.")
        if wrapper._accumulative_counts > 1:
            raise ValueError(
                f'train_cfg.accumulative_counts is {self.accumulative_counts}'
                ' and optim_wrapper.accumulative_counts is '
                f'{wrapper._accumulative_counts}: set one of them.')
        # Behind the runner's own count, which takes batches for iterations.
        wrapper._accumulative_counts = self.accumulative_counts
        wrapper.initialize_count_status(
            self.runner.model, self._iter * self.accumulative_counts,
            self._max_iters * self.accumulative_counts)

    def _check_checkpoint_interval(self) -> None:
        counts = iterations_per_step(self.runner)
        for hook in self.runner.hooks:
            if isinstance(hook, AtomicCheckpointHook):
                continue  # it waits for the end of an accumulation
            if (isinstance(hook, CheckpointHook) and not hook.by_epoch
                    and hook.interval > 0 and hook.interval % counts):
                print_log(
                    f'default_hooks.checkpoint.interval={hook.interval} is '
                    'not a multiple of optim_wrapper.accumulative_counts='
                    f'{counts}: a checkpoint loses the gradients accumulated '
                    'since the last step, and a resumed run is not exact.',
                    logger='current',
                    level=logging.WARNING)


def _mean_outputs(outputs: List[Dict[str, Any]]) -> Dict[str, Any]:
    """Average logged values over those batches that have them."""
    values: Dict[str, list] = {}
    for output in outputs:
        for name, value in output.items():
            values.setdefault(name, []).append(value)
    return {name: sum(every) / len(every) for name, every in values.items()}


class _Skipping:
    """Answer the stock loop's skipped batches without loading any.

    Args:
        iterator (Iterator): Batches from the resumed position on.
        skip (int): Number of batches that the stock loop will throw away.
    """

    def __init__(self, iterator: Iterator, skip: int) -> None:
        self._iterator = iterator
        self._skip = skip

    def __iter__(self) -> '_Skipping':
        return self

    def skip_iter(self, num_iters: int) -> None:
        """Answer the maintained fork, which skips in one call."""
        self._skip = max(0, self._skip - num_iters)

    def __next__(self) -> Optional[dict]:
        if self._skip > 0:
            self._skip -= 1
            return None
        return next(self._iterator)
