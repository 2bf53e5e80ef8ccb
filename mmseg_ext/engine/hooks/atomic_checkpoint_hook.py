import glob
import os
import os.path as osp
from pathlib import Path
from signal import SIGTERM
from typing import List, Optional, Sequence, Union

from mmengine.dist import barrier, get_world_size, is_main_process
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook, EMAHook
from mmengine.optim import ReduceOnPlateauParamScheduler
from mmengine.runner import (CheckpointLoader, EpochBasedTrainLoop,
                             find_latest_checkpoint)
from mmseg.registry import HOOKS

from ...datasets.samplers import MultiSourceSampler
from ...utils.atomic_io import atomic_open
from ..stop_signal import StopSignal, keep_workers
from ..utils import iterations_per_step

_BEST_KEY = 'best_metrics'


@register_backend('atomic_local', force=True)
class AtomicLocalBackend(LocalBackend):
    """Local files that are written under another name and then renamed."""

    def put(self, obj: bytes, filepath: Union[str, Path]) -> None:
        """Write bytes; the file is whole or not there.

        Args:
            obj (bytes): Content.
            filepath (str or Path): Final path.
        """
        with atomic_open(str(filepath)) as file:
            file.write(obj)

    def put_text(self,
                 obj: str,
                 filepath: Union[str, Path],
                 encoding: str = 'utf-8') -> None:
        """Write text; the file is whole or not there.

        Args:
            obj (str): Content.
            filepath (str or Path): Final path.
            encoding (str): Encoding. Defaults to 'utf-8'.
        """
        self.put(obj.encode(encoding), filepath)


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """Checkpoint hook that a kill at any moment leaves with a good file.

    Differences to the stock hook, whose arguments it takes: checkpoints and
    ``last_checkpoint`` are written under a temporary name and renamed; an
    outdated or no longer best checkpoint is removed only after the new one
    and ``last_checkpoint`` are complete; and if the validation that follows a
    checkpoint sets a best value (``TeacherStudentValLoop``) or steps a
    scheduler, the checkpoint is written again so that a resumed run knows it.
    One that is due within an accumulation of gradients waits for its end.

    With ``load_from``, ``--resume`` goes on from the last checkpoint of the
    run if there is one, see :meth:`before_run`.

    A storage other than local files (``backend_args``) keeps its own way of
    writing.

    When a cluster takes its machine back, a checkpoint is written at the end
    of the iteration and the process ends with the exit status of the signal,
    128 + its number. A run that goes on by ``--resume`` equals one that was
    not stopped. A loop in epochs, which can only be resumed between two, goes
    on to the end of the epoch.

    Args:
        stop_signals (Sequence[str]): Signals that stop the training. Defaults
            to ('SIGTERM', ).
        stop_check_interval (int): Iterations between the questions of several
            ranks to one another whether one got a signal. Defaults to 10.
        *args: As of ``CheckpointHook``.
        **kwargs: As of ``CheckpointHook``.

    Raises:
        ValueError: If there is no such signal or the interval is not
            positive.
    """

    def __init__(self,
                 *args,
                 stop_signals: Sequence[str] = ('SIGTERM', ),
                 stop_check_interval: int = 10,
                 **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if stop_check_interval < 1:
            raise ValueError('default_hooks.checkpoint.stop_check_interval is '
                             f'{stop_check_interval}: expected an integer '
                             '>= 1.')
        self.stop_check_interval = stop_check_interval
        self._stop_signal = StopSignal(stop_signals)
        self._in_epochs = False
        if (self.backend_args is None and self.file_client_args is None
                and '://' not in str(self.out_dir)):
            self.backend_args = dict(backend='atomic_local')
        self._saved_step: Optional[int] = None
        self._saved_best: Optional[dict] = None
        self._is_due = False

    def before_run(self, runner) -> None:
        """Let ``--resume`` go on with this run, and else begin it.

        Stock takes ``load_from``, from whose weights a fine-tuning starts,
        for the checkpoint to resume from. It is that only if it lies in the
        work folder, or where there is nothing to go on with and it holds an
        optimiser.
        """
        super().before_run(runner)
        path = getattr(runner, '_load_from', None)
        if not getattr(runner, '_resume', False) or path is None:
            return
        if osp.dirname(osp.abspath(path)) == osp.abspath(runner.work_dir):
            return
        latest = find_latest_checkpoint(runner.work_dir)
        if latest is not None:
            runner.logger.info(f'The run goes on from {latest}, not from '
                               f'load_from={path}.')
            runner._load_from = None
        elif 'optimizer' not in CheckpointLoader.load_checkpoint(path, 'cpu'):
            runner.logger.info('There is no checkpoint to resume from: the '
                               f'run begins with the weights of {path}.')
            runner._resume = False

    def before_train(self, runner) -> None:
        """Find the storage and clear what a killed run left half-written."""
        super().before_train(runner)
        self.file_backend = _LateRemoval(self.file_backend)
        if is_main_process():
            pattern = osp.join(glob.escape(self.out_dir), '.*.pth.*.tmp')
            for path in glob.glob(pattern):
                os.remove(path)
        self._in_epochs = isinstance(runner.train_loop, EpochBasedTrainLoop)
        if self._in_epochs:
            if isinstance(runner.train_dataloader.sampler, MultiSourceSampler):
                MultiSourceSampler.refuse_epochs(runner.max_epochs)
            # they have the rest of the epoch to load
            keep_workers(runner.train_dataloader)
            if runner.val_loop is not None:
                keep_workers(runner.val_loop.dataloader)
        self._stop_signal.listen('epoch' if self._in_epochs else 'iteration')

    def after_train(self, runner) -> None:
        """Save the last checkpoint where the stock hook does."""
        super().after_train(runner)
        self._stop_signal.release()

    def before_train_epoch(self, runner) -> None:
        """Stop if a signal came during the validation of several ranks."""
        if self._in_epochs and runner.epoch > 0:
            self._stop_if_asked(runner, runner.epoch, runner.iter, 0)

    def after_train_iter(self,
                         runner,
                         batch_idx: int,
                         data_batch=None,
                         outputs=None) -> None:
        """Save a checkpoint at intervals, and stop if a signal came."""
        super().after_train_iter(runner, batch_idx, data_batch, outputs)
        step = runner.iter + 1
        if self._is_due and self._ends_step(runner, step):
            self._save_checkpoint_with_step(
                runner, step, dict(epoch=runner.epoch, iter=step))
        if (not self._in_epochs and step < runner.max_iters
                and self._ends_step(runner, step)):
            self._stop_if_asked(runner, runner.epoch, step,
                                step // iterations_per_step(runner))

    def after_train_epoch(self, runner) -> None:
        """Save a checkpoint at intervals, and stop if a signal came."""
        super().after_train_epoch(runner)
        epoch = runner.epoch + 1
        if self._in_epochs and epoch < runner.max_epochs:
            self._stop_if_asked(runner, epoch, runner.iter, 0)

    def after_val_iter(self,
                       runner,
                       batch_idx: int,
                       data_batch=None,
                       outputs=None) -> None:
        """Stop one process if a signal came during a training's validation.

        That validation is not made again, unless it is the last. Several
        ranks, which may validate different numbers of batches, stop at their
        next agreement; so does one process whose state cannot be saved now,
        within an accumulation or while the weights are those of ``EMAHook``.
        """
        if (get_world_size() == 1 and self._stop_signal.received is not None
                and self._can_resume_here(runner)):
            self._stop_if_asked(runner, runner.epoch, runner.iter,
                                batch_idx + 1)

    def _can_resume_here(self, runner) -> bool:
        if self._saved_step == self._step(runner.epoch, runner.iter):
            return True
        averaged = any(isinstance(hook, EMAHook) for hook in runner.hooks)
        return not averaged and self._ends_step(runner, runner.iter)

    def _ends_step(self, runner, iteration: int) -> bool:
        """Whether no gradient of these iterations waits for others."""
        return self._in_epochs or iteration % iterations_per_step(runner) == 0

    def _stop_if_asked(self, runner, epoch: int, iteration: int,
                       turn: int) -> None:
        if get_world_size() > 1 and turn % self.stop_check_interval:
            return
        if not self._stop_signal.received_by_any_rank():
            return
        step = self._step(epoch, iteration)
        if self._saved_step != step:
            self._save_checkpoint_with_step(runner, step,
                                            dict(epoch=epoch, iter=iteration))
        runner.logger.info(
            f'Stopped by a signal: {self.last_ckpt} was saved, --resume goes '
            'on with it.')
        barrier()  # not before the file is whole
        raise SystemExit(128 + (self._stop_signal.received or SIGTERM))

    def _step(self, epoch: int, iteration: int) -> int:
        """What a checkpoint is named after."""
        return epoch if self.by_epoch and self._in_epochs else iteration

    def after_val_epoch(self, runner, metrics) -> None:
        """Save the best checkpoint, and the last one if it lacks a best."""
        super().after_val_epoch(runner, metrics)
        best = runner.message_hub.get_info(_BEST_KEY)
        step = self._step(runner.epoch, runner.iter)
        if self._saved_step == step and (best != self._saved_best
                                         or _follows_metrics(runner)):
            self._save_checkpoint_with_step(
                runner, step, dict(epoch=runner.epoch, iter=runner.iter))

    def _save_best_checkpoint(self, runner, metrics) -> None:
        super()._save_best_checkpoint(runner, metrics)
        if self.save_best:
            self.file_backend.flush()

    def _save_checkpoint_with_step(self, runner, step: int,
                                   meta: dict) -> None:
        # Not the stock method: that one removes before it writes.
        iteration = meta['iter']
        if iteration < runner.max_iters and not self._ends_step(
                runner, iteration):
            self._is_due = True  # at the end of the accumulation
            return
        self._is_due = False
        ids = self.keep_ckpt_ids if self.max_keep_ckpts > 0 else None
        if ids is not None and (not ids or ids[-1] != step):
            if len(ids) == self.max_keep_ckpts:
                self._remove_later(ids.popleft())
            ids.append(step)
            runner.message_hub.update_info('keep_ckpt_ids', list(ids))
        filename = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, filename)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            filename,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args)
        self._saved_step = step
        self._saved_best = runner.message_hub.get_info(_BEST_KEY)
        if is_main_process():
            last = osp.join(runner.work_dir, 'last_checkpoint')
            with atomic_open(last, 'w') as file:
                file.write(self.last_ckpt)
            self.file_backend.flush()

    def _remove_later(self, step: int) -> None:
        path = self.file_backend.join_path(self.out_dir,
                                           self.filename_tmpl.format(step))
        if is_main_process():
            if self.file_backend.isfile(path):
                self.file_backend.remove(path)
            elif self.file_backend.isdir(path):
                self.file_backend.rmtree(path)


def _follows_metrics(runner) -> bool:
    """Whether a validation changes the state of a scheduler."""
    schedulers = runner.param_schedulers or []
    if isinstance(schedulers, dict):
        schedulers = [one for each in schedulers.values() for one in each]
    return any(
        isinstance(one, ReduceOnPlateauParamScheduler) for one in schedulers)


class _LateRemoval:
    """A file backend that removes nothing until it is told to.

    Args:
        backend (BaseStorageBackend): The backend behind it.
    """

    def __init__(self, backend) -> None:
        self._backend = backend
        self._later: List[tuple] = []

    def __getattr__(self, name: str):
        return getattr(self._backend, name)

    def remove(self, path: str) -> None:
        """Remember a file to remove."""
        self._later.append((self._backend.remove, path))

    def rmtree(self, path: str) -> None:
        """Remember a folder to remove."""
        self._later.append((self._backend.rmtree, path))

    def flush(self) -> None:
        """Remove what has been remembered."""
        later, self._later = self._later, []
        for remove, path in later:
            remove(path)
