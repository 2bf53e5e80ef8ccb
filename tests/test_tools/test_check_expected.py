import json
import runpy
import sys
from unittest.mock import patch

import pytest


@pytest.fixture
def tool(repo):
    return str(repo / 'tools' / 'check_expected.py')


@pytest.fixture
def finished(tmp_path):
    """A config, and a finished run of it that ends with 40 mIoU."""
    config = tmp_path / 'method_toystreet.py'
    config.write_text("expected = dict(metric='student/mIoU', value=41., "
                      'tolerance=2., seed=3)\n'
                      'train_cfg = dict(max_iters=9)\n'
                      'train_dataloader = dict(dataset=dict(labeled=dict('
                      "ann_file='splits/1_8/labeled_seed0.txt')))\n")
    run = tmp_path / 'work' / 'method_toystreet_3'
    (run / 'date' / 'vis_data').mkdir(parents=True)
    (run / 'finished').touch()
    (run / 'date' / 'vis_data' / 'scalars.json').write_text('\n'.join(
        json.dumps({
            'student/mIoU': value,
            'step': step
        }) for step, value in ((3, 50.), (9, 40.))))
    return config


def run(tool, *args):
    with patch.object(sys, 'argv', [tool, *map(str, args)]):
        with pytest.raises(SystemExit) as stop:
            runpy.run_path(tool, run_name='__main__')
    return stop.value.code


@pytest.mark.parametrize('value,code,word', [('41.', 0, 'ok'),
                                             ('43.', 1, 'MISSED')])
def test_last_value_counts(tool, finished, tmp_path, capsys, value, code,
                           word):
    finished.write_text(finished.read_text().replace('41.', value))
    assert run(tool, finished, '--work-dir', tmp_path / 'work') == code
    line = capsys.readouterr().out
    assert '40.00' in line and word in line


def test_config_without_a_promise_is_named(tool, finished):
    finished.write_text('train_cfg = dict(max_iters=9)\n')
    with patch.object(sys, 'argv', [tool, str(finished)]):
        with pytest.raises(ValueError, match='method_toystreet.py must set'):
            runpy.run_path(tool, run_name='__main__')


def test_split_lists_follow_the_seed(tool, finished):
    module = runpy.run_path(tool)
    options = module['with_split'](dict(
        train_dataloader=dict(
            dataset=dict(
                labeled=dict(
                    ann_file='splits/1_8/labeled_seed0.txt', data_root='x')))),
                                   2)
    assert options == [
        'train_dataloader.dataset.labeled.ann_file='
        'splits/1_8/labeled_seed2.txt'
    ]


def test_split_lists_of_every_kind(tool):
    """Those to leave out too, and those of joined data sets."""
    name = 'splits/1_8/labeled_seed0.txt'
    node = dict(
        unlabeled=dict(exclude_ann_file=name, note=name),
        labeled=dict(datasets=[dict(ann_file=name)]))
    assert runpy.run_path(tool)['with_split'](node, 1) == [
        'unlabeled.exclude_ann_file=splits/1_8/labeled_seed1.txt',
        'labeled.datasets.0.ann_file=splits/1_8/labeled_seed1.txt'
    ]


def test_a_metric_of_a_network_that_is_not_there(tool, finished):
    finished.write_text(finished.read_text().replace('student/', ''))
    code = run(tool, finished, '--work-dir', finished.parent / 'work')
    assert code.startswith("expected.metric is 'mIoU', but ")
    assert 'has student/mIoU and no mIoU' in code


def test_a_seed_does_not_count_twice(tool, finished, capsys):
    assert run(tool, finished, '--seeds', 3, 3) == 2
    assert '--seeds: 3 comes twice' in capsys.readouterr().err


def test_a_figure_that_is_not_measured(tool, finished, capsys):
    text = finished.read_text().replace('value=41.', 'value=None')
    finished.write_text(text)
    work = finished.parent / 'work'
    with patch.object(sys, 'argv', [tool, str(finished)]):
        with pytest.raises(ValueError, match='no figure yet.*--seeds 3'):
            runpy.run_path(tool, run_name='__main__')
    assert not run(tool, finished, '--work-dir', work, '--seeds', 3)
    assert '40.00' in capsys.readouterr().out
