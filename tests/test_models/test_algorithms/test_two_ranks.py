import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from .toy import loss_sum, make_batch

HERE = Path(__file__).parent


@pytest.fixture(scope='module')
def two_ranks(tmp_path_factory):
    """What rank 0 of two processes on gloo ends with."""
    folder = tmp_path_factory.mktemp('two_ranks')
    path = os.pathsep.join(
        filter(None,
               [str(HERE),
                str(HERE.parents[2]),
                os.environ.get('PYTHONPATH')]))
    processes = [
        subprocess.Popen([
            sys.executable,
            str(HERE / 'two_ranks.py'),
            str(rank),
            str(folder / 'store'),
            str(folder / 'result.pth')
        ],
                         env=dict(os.environ, PYTHONPATH=path),
                         stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT,
                         text=True) for rank in range(2)
    ]
    try:
        outputs = [
            process.communicate(timeout=300)[0] for process in processes
        ]
    finally:
        for process in processes:
            process.kill()
    for process, output in zip(processes, outputs):
        assert process.returncode == 0, output[-4000:]
    return torch.load(folder / 'result.pth')


def test_halves_of_a_batch_give_the_gradient_of_the_whole(two_ranks):
    sys.path.insert(0, str(HERE))
    from two_ranks import build, gradients
    model = build()
    loss_sum(model.loss(*make_batch(num=4))).backward()
    expected = gradients(model)
    found = two_ranks['halves']
    assert expected.keys() == found.keys()
    worst = max(
        (expected[name] - found[name]).abs().max().item() for name in expected)
    scale = max(grad.abs().max().item() for grad in expected.values())
    assert worst < 1e-5 * max(scale, 1), f'largest difference {worst}'


def test_a_rank_without_a_valid_pixel_hangs_nobody(two_ranks):
    empty = two_ranks['empty']
    assert torch.isfinite(empty['loss'])
    assert all(torch.isfinite(grad).all() for grad in empty['grads'].values())
    assert any(grad.abs().sum() > 0 for grad in empty['grads'].values())
