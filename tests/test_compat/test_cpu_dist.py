import os
import subprocess
import sys

import mmengine.dist.utils as dist_utils
import mmengine.runner.runner as runner_module
import pytest
from mmengine.registry import MODEL_WRAPPERS

from mmseg_ext.compat import cpu_dist

pytestmark = pytest.mark.skipif(
    cpu_dist.get_device() != 'cpu', reason='there is an accelerator')

SUM = '''
import mmseg_ext, torch
from mmengine.dist import all_reduce, get_rank, init_dist
init_dist('pytorch', backend='nccl')
value = torch.tensor(get_rank() + 1)
all_reduce(value)
print(f'sum {int(value)}\\n', end='', flush=True)
'''


def test_torchrun_needs_no_gpu(tmp_path, repo):
    script = tmp_path / 'sum.py'
    script.write_text(SUM)
    done = subprocess.run([
        sys.executable, '-m', 'torch.distributed.run', '--standalone',
        '--nproc_per_node=2',
        str(script)
    ],
                          env=dict(os.environ, PYTHONPATH=str(repo)),
                          capture_output=True,
                          text=True,
                          timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count('sum 3') == 2, done.stdout


def test_a_config_may_name_the_stock_wrapper():
    wrapper = MODEL_WRAPPERS.get('MMDistributedDataParallel')
    assert wrapper is cpu_dist.CPUDistributedDataParallel


def test_other_launch_backends_are_refused():
    with pytest.raises(ValueError, match="init_backend is 'deepspeed'"):
        cpu_dist.init_dist_on_cpu('nccl', init_backend='deepspeed')


def test_does_nothing_beside_an_accelerator(monkeypatch):
    monkeypatch.setattr(cpu_dist, 'get_device', lambda: 'cuda')
    stock = object()
    monkeypatch.setattr(dist_utils, '_init_dist_pytorch', stock)
    monkeypatch.setattr(runner_module, 'MMDistributedDataParallel', stock)
    assert cpu_dist.apply().startswith('nothing')
    assert dist_utils._init_dist_pytorch is stock
    assert runner_module.MMDistributedDataParallel is stock
