import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from mmseg_ext.engine import stop_signal
from mmseg_ext.engine.stop_signal import StopSignal

SCRIPT = """
import os, signal, sys, time
from torch.utils.data import DataLoader
from mmseg_ext.engine.stop_signal import StopSignal, keep_workers

StopSignal(['SIGUSR1'])
loader = DataLoader(list(range(8)), num_workers=1, persistent_workers=True)
keep_workers(loader)
batches = iter(loader)
next(batches)
worker, = (process.pid for process in batches._workers)
for number in (signal.SIGTERM, signal.SIGUSR1):
    os.kill(worker, number)
    time.sleep(0.2)
    assert batches._workers[0].is_alive()
sys.modules['keep'] = batches  # outlives the script
print('worker', worker, flush=True)
"""


def test_workers_hear_no_signal_and_end_with_their_process():
    """They are not left, and the process does not wait for them either."""
    done = subprocess.run([sys.executable, '-c', SCRIPT],
                          capture_output=True,
                          text=True,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    worker = done.stdout.split()[-1]
    with pytest.raises(ProcessLookupError):
        os.kill(int(worker), 0)


KILLED = """
import os, signal, time
from torch.utils.data import DataLoader
from mmseg_ext.engine.stop_signal import keep_workers

# more than a pipe holds, and no tensor, which would go by shared memory
loader = DataLoader([bytes(2**20)] * 8, num_workers=1, batch_size=None)
keep_workers(loader)
batches = iter(loader)
next(batches)
time.sleep(1)
print(batches._workers[0].pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_no_worker_outlives_a_process_that_is_killed():
    """Neither one that has a batch to hand over."""
    with subprocess.Popen([sys.executable, '-c', KILLED],
                          stdout=subprocess.PIPE) as process:
        worker = int(process.stdout.readline())
        try:
            # the pipe ends with the last process that holds it
            process.communicate(timeout=30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def test_remembers_a_signal_and_minds_no_copy_of_it(monkeypatch):
    """torchrun sends on what the cluster has sent to the ranks as well."""
    heard = []
    former = signal.signal(signal.SIGUSR1, lambda number, _: heard.append(1))
    try:
        stop = StopSignal(['SIGUSR1'])
        stop.listen()
        assert not stop.received_by_any_rank()
        signal.raise_signal(signal.SIGUSR1)
        assert stop.received_by_any_rank()
        assert stop.received == signal.SIGUSR1
        time.sleep(0.05)
        signal.raise_signal(signal.SIGUSR1)
        assert heard == []
        # a later one is no longer for us
        monkeypatch.setattr(stop_signal, '_GRACE_SECONDS', 0.01)
        signal.raise_signal(signal.SIGUSR1)
        assert heard == [1]
    finally:
        signal.signal(signal.SIGUSR1, former)


@pytest.mark.parametrize('names', [['SIGNONE'], 'SIGTERM'])
def test_refuses_what_is_no_list_of_signals(names):
    with pytest.raises(ValueError, match='stop_signals'):
        StopSignal(names)
