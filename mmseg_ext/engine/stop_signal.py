"""Signals by which a cluster asks a training to stop."""
import atexit
import multiprocessing
import os
import signal
import threading
import time
from functools import partial
from typing import Callable, Dict, Optional, Sequence, Set

import torch
from mmengine.dist import all_reduce, get_world_size
from torch.utils.data import DataLoader

# torchrun sends on what the cluster has sent to the ranks as well.
_GRACE_SECONDS = 5.
# What a training may hear and its data workers outlive.
_names: Set[str] = {'SIGTERM'}


class StopSignal:
    """Remembers a signal until the training can stop in good order.

    The first signal is remembered; one that comes more than 5 s later ends
    the process as if nobody listened.

    Args:
        names (Sequence[str]): Signals, such as ``'SIGTERM'``.

    Raises:
        ValueError: If there is no such signal.
    """

    def __init__(self, names: Sequence[str]) -> None:
        unknown = [name for name in names if not hasattr(signal, name)]
        if unknown or isinstance(names, str):
            raise ValueError(
                'default_hooks.checkpoint.stop_signals must be a list of '
                f"names of signals such as ['SIGTERM'] but is {names!r}.")
        self.names = list(names)
        self.received = None
        self._received_at = 0.
        self._unit = ''
        self._former: Dict[int, object] = {}
        _names.update(names)

    def listen(self, unit: str = 'iteration') -> None:
        """Begin to listen; only a main thread can.

        Args:
            unit (str): What the training stops after, as whoever sends a
                signal is told. Defaults to 'iteration'.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        self._unit = unit
        for name in self.names:
            number = getattr(signal, name)
            self._former[number] = signal.signal(number, self._remember)

    def release(self) -> None:
        """Give the signals back to those that had them."""
        former, self._former = self._former, {}
        for number, handler in former.items():
            signal.signal(number, handler)

    def received_by_any_rank(self) -> bool:
        """Whether any rank got a signal; all ranks have to ask."""
        if get_world_size() == 1:
            return self.received is not None
        answer = torch.tensor(int(self.received is not None))
        all_reduce(answer, op='max')
        return bool(answer)

    def _remember(self, number: int, frame) -> None:
        now = time.monotonic()
        if self.received is not None:
            if now - self._received_at > _GRACE_SECONDS:
                self.release()
                os.kill(os.getpid(), number)
            return
        self.received, self._received_at = number, now
        # no log: the signal may have come in the middle of writing one
        os.write(
            2, f'{signal.Signals(number).name}: the training stops after this '
            f'{self._unit} and saves a checkpoint; another one after '
            f'{_GRACE_SECONDS:.0f} s ends it at once.\n'.encode())


def keep_workers(dataloader: DataLoader) -> None:
    """Let the data workers of a loader end with their process, and only then.

    A cluster signals all processes of a job, which workers outlive, be it by
    SIGTERM or by what a :class:`StopSignal` was made for. They end when the
    process exits that they load for, and within seconds where it is killed.
    For workers that have not started yet.

    Args:
        dataloader (DataLoader): The loader.
    """
    dataloader.worker_init_fn = partial(_start_worker,
                                        dataloader.worker_init_fn,
                                        sorted(_names))
    # multiprocessing would send SIGTERM at exit and wait. It has been imported
    # and registered earlier, so this comes first.
    atexit.unregister(_end_workers)
    atexit.register(_end_workers)


def _end_workers() -> None:
    # PyTorch would take it for a fault, on top of the one that ended us.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for process in multiprocessing.active_children():
        if process.daemon:
            process.kill()


def _start_worker(init_fn: Optional[Callable], names: Sequence[str],
                  worker_id: int) -> None:
    parent = os.getppid()

    def hear(number: int, frame) -> None:
        if os.getppid() != parent:  # killed; nobody else would end this one
            os._exit(128 + number)

    for name in names:
        signal.signal(getattr(signal, name), hear)
    threading.Thread(target=_end_with, args=(parent, ), daemon=True).start()
    if init_fn is not None:
        init_fn(worker_id)


def _end_with(parent: int) -> None:
    """End this process soon after its parent.

    A worker whose parent was killed notices and leaves by itself, but waits
    for ever where a batch of its own is stuck in a full pipe.
    """
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
