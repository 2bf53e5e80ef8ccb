import json
import runpy
import sys

import pytest


@pytest.fixture(scope='module')
def tool(repo):
    path = repo / 'tools' / 'analysis_tools' / 'miou_table.py'
    return runpy.run_path(str(path))


def write_log(folder, *entries, tail=''):
    folder = folder / 'vis_data'
    folder.mkdir(parents=True)
    lines = [json.dumps(entry) for entry in entries]
    (folder / 'scalars.json').write_text('\n'.join(lines) + '\n' + tail)


def test_reads_student_and_teacher(tool, tmp_path):
    write_log(
        tmp_path / '20260101_000000', dict(loss=1., lr=.1, iter=50, step=50), {
            'student/mIoU': 30.5,
            'teacher/mIoU': 31.5,
            'student/aAcc': 80.,
            'step': 100
        })
    assert tool['read_scores'](tmp_path) == {
        'student': {
            100: 30.5
        },
        'teacher': {
            100: 31.5
        }
    }


def test_joins_the_logs_of_a_resumed_run(tool, tmp_path):
    write_log(
        tmp_path / '20260101_000000',
        dict(mIoU=10., step=100),
        dict(mIoU=20., step=200),
        tail='{"mIoU": 3')
    write_log(tmp_path / '20260102_000000', dict(mIoU=25., step=200),
              dict(mIoU=24., step=300))
    assert tool['read_scores'](tmp_path) == {
        'model': {
            100: 10.,
            200: 25.,
            300: 24.
        }
    }


def test_says_where_it_looked(tool, tmp_path):
    write_log(tmp_path / '20260101_000000', dict(loss=1., step=50))
    with pytest.raises(FileNotFoundError, match='No mIoU .*scalars.json'):
        tool['read_scores'](tmp_path)


def test_table_has_last_best_and_gain(tool):
    table = tool['make_table']({
        'supervised': {
            'model': {
                100: 40.,
                200: 38.
            }
        },
        'ELN': {
            'student': {
                100: 42.,
                200: 45.5
            },
            'teacher': {
                100: 46.,
                200: 37.
            }
        }
    })
    rows = [line.split() for line in table.splitlines()[3:]]
    assert rows == [
        ['supervised', 'model', '38.00', '200', '40.00', '100'],
        ['ELN', 'student', '45.50', '200', '45.50', '200', '+7.50'],
        ['ELN', 'teacher', '37.00', '200', '46.00', '100', '-1.00'],
    ]


def test_table_of_what_is_chosen_without_labels(tool):
    scores = {100: 20., 200: 24., 300: 22.}
    table = tool['make_table']({
        'AdvEnt': dict(model=scores)
    }, dict(AdvEnt={
        100: 0.5,
        200: 0.4,
        300: 0.3
    }))
    row = table.splitlines()[3].split()
    assert row[2:] == ['22.00', '300', '24.00', '200', '22.00', '300']
    assert 'chosen' in table


@pytest.mark.parametrize('args,message', [
    (('a={0}', 'a={0}'), 'the NAME a comes twice'),
    (('a={0}', '--select', 'mIoU'), 'has student/mIoU and no mIoU'),
])
def test_what_cannot_be_a_table(tool, tmp_path, monkeypatch, capsys, args,
                                message):
    write_log(tmp_path / '20260101_000000', {'student/mIoU': 30., 'step': 100})
    monkeypatch.setattr(sys, 'argv',
                        ['miou_table.py', *(x.format(tmp_path) for x in args)])
    with pytest.raises(SystemExit) as stop:
        tool['main']()
    assert message in f'{stop.value.code} {capsys.readouterr().err}'
