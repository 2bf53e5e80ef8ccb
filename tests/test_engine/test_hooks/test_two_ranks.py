import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

HERE = Path(__file__).parent


@pytest.fixture(scope='module')
def ranks(tmp_path_factory):
    """Results of two processes on gloo."""
    folder = tmp_path_factory.mktemp('ranks')
    root = str(HERE.parents[2])
    env = dict(
        os.environ,
        PYTHONPATH=os.pathsep.join([root,
                                    os.environ.get('PYTHONPATH', '')]))
    processes = [
        subprocess.Popen(
            [sys.executable, HERE / 'two_ranks.py',
             str(rank),
             str(folder)],
            env=env,
            stderr=subprocess.PIPE,
            text=True) for rank in range(2)
    ]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors[-2000:]
    return [torch.load(folder / f'rank_{rank}.pth') for rank in range(2)]


def test_a_bad_loss_on_one_rank_stops_both(ranks):
    assert 'another rank' in ranks[0]['message']
    assert 'loss_ce' in ranks[1]['message']
    assert ranks[0]['same'] and ranks[1]['same']


def test_decoders_are_initialised_alike(ranks):
    assert len(ranks[0]['drawn']) == 1
    assert ranks[0]['drawn'] == ranks[1]['drawn']


def test_ranks_agree_on_a_stop_ahead_of_the_next_epoch(ranks):
    """The status of one that has not heard it is that of SIGTERM."""
    assert [rank['stopped']
            for rank in ranks] == [128 + signal.SIGTERM, 128 + signal.SIGUSR1]


def test_statistics_are_those_of_both_ranks(ranks):
    assert ranks[0]['summary'] == ranks[1]['summary'] == dict(
        predicted=[4., 4.],
        kept=[4., 0.],
        share=[0.5, 0.5],
        kept_ratio=[1., 0.],
        confidence=[0.25, 0.5])
