import json
import runpy
import sys

import cv2
import pytest


@pytest.fixture
def plot(repo, monkeypatch):

    def function(*args):
        path = str(repo / 'tools/analysis_tools/plot_label_efficiency.py')
        monkeypatch.setattr(sys, 'argv', [path, *map(str, args)])
        runpy.run_path(path, run_name='__main__')

    return function


@pytest.fixture
def work_dir(tmp_path):

    def function(name, *values, prefix=''):
        folder = tmp_path / name / 'run' / 'vis_data'
        folder.mkdir(parents=True)
        (folder / 'scalars.json').write_text('\n'.join(
            json.dumps({
                f'{prefix}mIoU': value,
                'step': step
            }) for step, value in enumerate(values)))
        return tmp_path / name

    return function


def test_table_and_plot(plot, work_dir, tmp_path, capsys):
    runs = [
        f'random@1={work_dir("r1", 50., 60.)}',
        f'random@1/30={work_dir("r30a", 20.)}',
        f'random@1/30={work_dir("r30b", 30., 24.)}',
        # a method with a teacher: the student counts
        f'DeP@1/30={work_dir("d30", 40., prefix="student/")}'
    ]
    out = tmp_path / 'plot.png'
    plot(out, *runs)
    title, places, random, dep = capsys.readouterr().out.splitlines()
    assert 'last' in title and places.split() == ['1/30', '1']
    assert random.split() == ['random', '22.00', '+-', '2.83', '(2)', '60.00']
    assert dep.split() == ['DeP', '40.00', '-']
    image = cv2.imread(str(out))
    assert image.shape[:2] == (480, 720) and image.std() > 1
    plot(out, *runs, '--which', 'best', '--linear', '--xlabel', 'sigma')
    assert '25.00 +- 7.07 (2)' in capsys.readouterr().out


@pytest.mark.parametrize('run',
                         ['random=a', 'random@0=a', 'random@x=a', '@1='])
def test_wrong_runs(plot, tmp_path, run, capsys):
    with pytest.raises(SystemExit):
        plot(tmp_path / 'x.png', run)
    assert 'NAME@X=WORK_DIR' in capsys.readouterr().err


def test_a_network_that_is_not_validated(plot, tmp_path, work_dir):
    folder = work_dir('both', 50., prefix='student/')
    log = folder / 'run/vis_data/scalars.json'
    log.write_text(log.read_text() + '\n{"teacher/mIoU": 60.0, "step": 0}')
    out = tmp_path / 'x.png'
    with pytest.raises(
            SystemExit, match="student/mIoU, teacher/mIoU .* 'techer'"):
        plot(out, f'a@1={folder}', '--model', 'techer')
    plot(out, f'a@1={folder}', '--model', 'teacher')


def test_missing_log(plot, tmp_path):
    with pytest.raises(SystemExit, match='No mIoU'):
        plot(tmp_path / 'x.png', f'a@1={tmp_path}')
    assert not (tmp_path / 'x.png').exists()
