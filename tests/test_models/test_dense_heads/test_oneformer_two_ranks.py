"""Two ranks with a batch each are one rank with both."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip('mmdet')
HERE = Path(__file__).resolve().parent


def test_gradients(tmp_path):
    """Contrastive loss with gathered negatives, and no target on a rank."""
    program = HERE / 'oneformer_two_ranks.py'
    done = subprocess.run([
        sys.executable, '-m', 'torch.distributed.run', '--standalone',
        '--nproc_per_node=2',
        str(program)
    ],
                          env=dict(
                              os.environ,
                              PYTHONPATH=os.pathsep.join(
                                  filter(None, sys.path)),
                              OMP_NUM_THREADS='1'),
                          stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT,
                          text=True,
                          timeout=300)
    assert done.returncode == 0, done.stdout[-4000:]
    assert done.stdout.count('equal') == 2, done.stdout[-4000:]
