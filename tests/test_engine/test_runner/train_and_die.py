"""Train a toy in a process of its own and kill it: ``WORK_DIR ITERATION``."""
import os
import signal
import sys
from pathlib import Path

from mmengine.hooks import Hook

sys.path.insert(0, str(Path(__file__).parents[1]))
from test_resumable_loop import EXACT  # noqa: E402
from toys import toy_runner  # noqa: E402


class Kill(Hook):
    """No clean-up, no last checkpoint."""

    priority = 'LOWEST'

    def after_train_iter(self, runner, *args, **kwargs):
        if runner.iter + 1 == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)


runner = toy_runner(sys.argv[1], **EXACT)
runner.register_hook(Kill())
runner.train()
