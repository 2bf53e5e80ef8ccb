import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from branch_data import (LOAD, labeled_config, multi_source_config,
                         unlabeled_config, write_images)
from mmengine.registry import init_default_scope

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


@pytest.fixture(autouse=True, scope='module')
def scope():
    init_default_scope('mmseg')


@pytest.fixture
def root(tmp_path):
    return write_images(tmp_path / 'labeled', 4, True)


def write_label(root, value, index):
    path = root / 'ann' / f'{index:03d}.png'
    cv2.imwrite(str(path), np.full_like(cv2.imread(str(path), 0), value))


@pytest.fixture
def check(tmp_path, monkeypatch, capsys):
    """Run the tool on a config; gives exit status and output."""

    def run(text, *options):
        config = tmp_path / 'config.py'
        config.write_text(text)
        monkeypatch.setattr(sys, 'argv', ['tool', str(config), *options])
        with pytest.raises(SystemExit) as status:
            runpy.run_path(
                str(TOOLS / 'check_dataset.py'), run_name='__main__')
        return status.value.code, capsys.readouterr().out

    return run


def test_tool_lists_all_faults(root, tmp_path, check):
    unlabeled = write_images(tmp_path / 'unlabeled', 3)
    write_label(root, 9, 0)
    (unlabeled / 'img' / '001.png').write_bytes(b'no picture')
    data = dict(
        type='MultiSourceDataset',
        labeled=labeled_config(root),
        unlabeled=unlabeled_config(unlabeled, shared=[LOAD]))
    head = dict(decode_head=dict(num_classes=4))
    status, output = check(
        f'train_dataloader = dict(dataset={data!r})\n'
        f'val_dataloader = dict(dataset={labeled_config(root)!r})\n'
        f'test_dataloader = val_dataloader\nmodel = {head!r}\n')
    assert status == 1, output
    for part in ('000.png has the value 9', '001.png is broken',
                 'num_classes is 4', 'val_dataloader.dataset: 4 images',
                 '5 faults found'):
        assert part in output, output
    assert 'test_dataloader' not in output


def test_tool_is_content_with_good_data(root, check):
    status, output = check(
        f'train_dataloader = dict(dataset={labeled_config(root)!r})\n',
        '--max-images', '3')
    assert status == 0, output
    assert '3 images' in output and 'No fault' in output


def test_tool_says_where_it_looked_at_nothing(root, check):
    status, _ = check('train_dataloader = None\n')
    assert 'has none of train_dataloader, val_data' in status
    text = f'train_dataloader = dict(dataset={labeled_config(root)!r})\n'
    for number in ('0', '-3'):
        assert check(text, '--max-images', number)[0] == 2


@pytest.mark.parametrize('name', ['custom_hooks', 'default_hooks'])
@pytest.mark.parametrize('checked', [True, False])
def test_tool_takes_sizes_as_the_training_does(root, check, name, checked):
    for path in (root / 'ann').iterdir():
        label = cv2.imread(str(path), 0)
        cv2.imwrite(str(path), cv2.resize(label, None, fx=2, fy=2))
    hook = dict(type='LabelScanHook', check_sizes=checked)
    hooks = [hook] if name == 'custom_hooks' else dict(label_scan=hook)
    status, output = check(
        f'train_dataloader = dict(dataset={labeled_config(root)!r})\n'
        f'{name} = {hooks!r}\n')
    assert status == int(checked), output
    assert ('but its image' in output) == checked


@pytest.fixture
def browse(tmp_path, monkeypatch):
    """Run browse_dataset on a data set; gives the folder of the pictures."""

    def run(dataset, sampler, *options):
        config = tmp_path / 'config.py'
        loader = dict(dataset=dataset, sampler=sampler)
        config.write_text(
            f"default_scope = 'mmseg'\ntrain_dataloader = {loader!r}\n"
            "visualizer = dict(type='SegLocalVisualizer', name='v')\n")
        out = tmp_path / 'out'
        argv = [
            'tool',
            str(config), '--not-show', '--output-dir',
            str(out), *options
        ]
        monkeypatch.setattr(sys, 'argv', argv)
        runpy.run_path(
            str(TOOLS / 'analysis_tools' / 'browse_dataset.py'),
            run_name='__main__')
        return out

    return run


def test_browse_shows_every_branch(root, tmp_path, browse):
    unlabeled = write_images(tmp_path / 'unlabeled', 3)
    shared = [
        LOAD,
        dict(type='AddValidMask'),
        dict(type='Pad', size=(64, 64)),
    ]
    dataset = multi_source_config(root, unlabeled)
    dataset['unlabeled'] = unlabeled_config(unlabeled, shared)
    sampler = dict(type='MultiSourceSampler', source_sizes=[1, 1])
    out = browse(dataset, sampler, '--number', '10')
    assert sorted(p.name for p in out.iterdir()) == [
        'branches_000.png', 'branches_001.png'
    ]
    first, second = (cv2.imread(str(p)) for p in sorted(out.iterdir()))
    assert first.shape[1] == second.shape[1] == 2 * 260
    assert first.shape[0] > 3 * second.shape[0]  # 8 rows and 2
    # Rows differ: a strong view is not its weak view, nor a label its image.
    assert not np.array_equal(first[:, :256], first[:, 260:516])


def test_browse_leaves_ordinary_data_to_the_stock_tool(root, browse):
    out = browse(
        dict(type='SeededDataset', dataset=labeled_config(root)),
        dict(type='MultiSourceSampler'), '--number', '2')
    assert sorted(p.name for p in out.iterdir()) == ['000.png', '001.png']


def test_browse_refuses_to_show_nothing(root, tmp_path, monkeypatch):
    config = tmp_path / 'config.py'
    dataset = dict(type='MultiSourceDataset', labeled=labeled_config(root))
    config.write_text(f'train_dataloader = {dict(dataset=dataset)!r}\n')
    monkeypatch.setattr(sys, 'argv', ['tool', str(config), '--not-show'])
    with pytest.raises(SystemExit, match='shows nothing'):
        runpy.run_path(
            str(TOOLS / 'analysis_tools' / 'browse_dataset.py'),
            run_name='__main__')


def test_browse_takes_no_abbreviation(root, browse, capsys):
    with pytest.raises(SystemExit):
        browse(labeled_config(root), dict(), '--num', '2')
    assert 'unrecognized arguments: --num' in capsys.readouterr().err
