"""Trainings that tools start: done once, and never with other settings."""
import pytest

from mmseg_ext.utils.training_runs import claim_work_dir, train

TOOL = """
import os, sys
with open(sys.argv[3] + '/starts', 'a') as file:
    file.write('x')
sys.exit(os.path.getsize(sys.argv[3] + '/starts') < 2)
"""


def test_only_a_run_that_ended_well_is_finished(tmp_path):
    tool, run = tmp_path / 'tool.py', tmp_path / 'run'
    tool.write_text(TOOL)
    run.mkdir()
    (run / 'iter_9.pth').touch()  # it may be killed behind its checkpoint
    assert [train(tool, 'config.py', str(run), [])
            for _ in range(3)] == [1, 0, 0]
    assert (run / 'starts').read_text() == 'xx'


def test_a_folder_is_of_one_training(tmp_path):
    settings = dict(
        train_cfg=dict(max_iters=9), data=dict(root='a', scale=(1, 2)))
    claim_work_dir(str(tmp_path / 'run'), settings)
    claim_work_dir(str(tmp_path / 'run'), dict(settings))
    other = dict(settings, data=dict(root='b', scale=(1, 2)))
    with pytest.raises(
            RuntimeError,
            match="run holds .* data.root='a', "
            "asked for is 'b': give another --work-dir"):
        claim_work_dir(str(tmp_path / 'run'), other)
    with pytest.raises(RuntimeError, match='with val_interval=None'):
        claim_work_dir(str(tmp_path / 'run'), dict(settings, val_interval=3))
