import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from .toy import loss_sum

HERE = Path(__file__).parent
PATHS = [str(HERE), str(HERE.parent), str(HERE.parents[2])]


@pytest.fixture(scope='module')
def two_ranks(tmp_path_factory):
    """What rank 0 of two processes on gloo ends with."""
    folder = tmp_path_factory.mktemp('domain_adaptation_two_ranks')
    path = os.pathsep.join(
        filter(None, [*PATHS, os.environ.get('PYTHONPATH')]))
    processes = [
        subprocess.Popen([
            sys.executable,
            str(HERE / 'domain_adaptation_two_ranks.py'),
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


@pytest.fixture
def one_rank(monkeypatch):
    """The same on one rank with the whole batch."""
    for path in PATHS:
        monkeypatch.syspath_prepend(path)
    from domain_adaptation_two_ranks import batch, build
    model = build()
    loss_sum(model.loss(*batch())).backward()
    return model


def test_halves_of_a_batch_give_the_gradient_of_the_whole(two_ranks, one_rank):
    expected = {
        name: param.grad
        for name, param in one_rank.named_parameters()
    }
    found = two_ranks['halves']
    assert expected.keys() == found.keys()
    worst = max(
        (expected[name] - found[name]).abs().max().item() for name in expected)
    scale = max(grad.abs().max().item() for grad in expected.values())
    assert worst < 1e-5 * max(scale, 1), f'largest difference {worst}'


def test_statistics_are_those_of_all_ranks(two_ranks, one_rank):
    shares = one_rank.prediction_statistics['target'].shares()
    assert torch.equal(two_ranks['shares'], shares)


def test_a_rank_without_a_valid_pixel_hangs_nobody(two_ranks):
    empty = two_ranks['empty']
    assert torch.isfinite(empty['loss'])
    assert all(torch.isfinite(grad).all() for grad in empty['grads'].values())
    assert any(grad.abs().sum() > 0 for grad in empty['grads'].values())
