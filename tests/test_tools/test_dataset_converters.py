import json
import os
import re
import runpy
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

TOOLS = Path(__file__).resolve().parents[2] / 'tools/dataset_converters'


class _Result(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs a tool as a script, in this process: imports take seconds."""

    def run_tool(tool, *arguments):
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
        code, message = 0, ''
        try:
            runpy.run_path(str(TOOLS / tool), run_name='__main__')
        except SystemExit as stop:
            code, message = (1, stop.code) if stop.code else (0, '')
        return _Result(code, capsys.readouterr().out, message)

    return run_tool


def _save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


@pytest.fixture
def segnet(tmp_path):
    root = tmp_path / 'CamVid'
    for split in ('train', 'val'):
        for name in ('0001TP_1', '0016E5_2'):
            _save(root / split / f'{name}.png', np.full((4, 6, 3), 9,
                                                        np.uint8))
            label = np.arange(24, dtype=np.uint8).reshape(4, 6) % 12
            _save(root / f'{split}annot' / f'{name}.png', label)
    return root


def test_camvid_is_converted(run, segnet, tmp_path):
    result = run('camvid.py', segnet, tmp_path / 'out')
    assert result.returncode == 0, result.stderr
    assert '2 train, 2 val' in result.stdout
    out = tmp_path / 'out'
    assert sorted(os.listdir(
        out / 'images/val')) == ['0001TP_1.png', '0016E5_2.png']
    label = np.array(Image.open(out / 'annotations/train/0001TP_1.png'))
    assert label.ravel().tolist() == [*range(11), 255] * 2
    lists = out / 'splits/sequences'
    assert sorted(os.listdir(lists)) == ['0001TP.txt', '0016E5.txt']
    assert (lists / '0016E5.txt').read_text() == '0016E5_2\n'
    again = run('camvid.py', segnet, out)
    assert again.returncode == 1
    assert 'is not empty' in again.stderr


def test_out_may_be_a_link_to_an_empty_folder(run, segnet, tmp_path):
    (tmp_path / 'disk').mkdir()
    (tmp_path / 'out').symlink_to(tmp_path / 'disk')
    result = run('camvid.py', segnet, tmp_path / 'out')
    assert result.returncode == 0, result.stderr
    assert (tmp_path / 'out').is_symlink()
    assert (tmp_path / 'disk/images/val').is_dir()


def _spoil_value(root):
    _save(root / 'valannot/0001TP_1.png', np.full((4, 6), 12, np.uint8))


def _spoil_size(root):
    _save(root / 'valannot/0001TP_1.png', np.zeros((4, 7), np.uint8))


def _spoil_colour(root):
    _save(root / 'valannot/0001TP_1.png', np.zeros((4, 6, 3), np.uint8))


def _spoil_file(root):
    (root / 'val/0001TP_1.png').write_bytes(b'PNG')


def _remove_label(root):
    (root / 'valannot/0001TP_1.png').unlink()


@pytest.mark.parametrize('spoil, message', [
    (_spoil_value, 'has the value 12'),
    (_spoil_size, r'is \(4, 7\), its image \(4, 6\)'),
    (_spoil_colour, 'is in colour'),
    (_spoil_file, 'val/0001TP_1.png is damaged'),
    (_remove_label, 'has no label map'),
])
def test_camvid_refuses(run, segnet, tmp_path, spoil, message):
    spoil(segnet)
    result = run('camvid.py', segnet, tmp_path / 'out')
    assert result.returncode == 1
    assert re.search(message, result.stderr)
    assert os.listdir(tmp_path) == ['CamVid']


def test_splits_of_a_config(run, segnet, tmp_path):
    config = tmp_path / 'config.py'
    config.write_text(f'''
custom_imports = dict(imports=['mmseg_ext'])
train_dataloader = dict(dataset=dict(
    type='BaseSegDataset', img_suffix='.png', data_root={str(segnet)!r},
    data_prefix=dict(img_path='train', seg_map_path='trainannot'),
    pipeline=[dict(type='NotInstalled')]))
''')
    result = run('make_label_splits.py', config, tmp_path / 'splits',
                 '--sizes', '1/2', '--seeds', '0', '7', '--balanced')
    assert result.returncode == 0, result.stderr
    folder = tmp_path / 'splits/1_2'
    assert sorted(os.listdir(folder)) == [
        'labeled_seed0.txt', 'labeled_seed7.txt', 'unlabeled_seed0.txt',
        'unlabeled_seed7.txt'
    ]
    for seed in (0, 7):
        names = [(folder / f'{kind}_seed{seed}.txt').read_text().split()
                 for kind in ('labeled', 'unlabeled')]
        assert [len(part) for part in names] == [1, 1]
        assert sorted(sum(names, [])) == ['0001TP_1', '0016E5_2']


def test_splits_of_a_folder_as_pairs(run, segnet, tmp_path):
    result = run('make_label_splits.py', segnet / 'train', tmp_path / 'splits',
                 '--label-dir', segnet / 'trainannot', '--img-suffix', '.png',
                 '--sizes', '1', '--seeds', '0', '--pairs', segnet)
    assert result.returncode == 0, result.stderr
    line = (tmp_path / 'splits/1/labeled_seed0.txt').read_text().split()
    assert line[1] == line[0].replace('train/', 'trainannot/')
    assert (segnet / line[0]).exists()


def test_splits_say_what_is_wrong(run, segnet, tmp_path):
    result = run('make_label_splits.py', segnet / 'train', tmp_path / 'splits',
                 '--img-suffix', '.png', '--sizes', '9')
    assert result.returncode == 1
    assert "the split '9' takes 9 of 2 images" in result.stderr
    result = run('make_label_splits.py', segnet / 'train', tmp_path / 'splits')
    assert 'has no *.jpg but .png, see --img-suffix' in result.stderr
    assert not (tmp_path / 'splits').exists()


def test_splits_of_suffixes_in_any_case(run, segnet, tmp_path):
    arguments = ('make_label_splits.py', segnet / 'train', tmp_path / 'splits',
                 '--img-suffix', '.png', '--sizes', '1', '--seeds', '0')
    (segnet / 'train/0001TP_1.png').rename(segnet / 'train/0001TP_1.PNG')
    result = run(*arguments)
    assert result.returncode and 'has .PNG and .png, but' in result.stderr
    (segnet / 'train/0016E5_2.png').rename(segnet / 'train/0016E5_2.PNG')
    result = run(*arguments)
    assert result.returncode == 0, result.stderr
    names = [(tmp_path / f'splits/1/{kind}_seed0.txt').read_text().strip()
             for kind in ('labeled', 'unlabeled')]
    assert sorted(names) == ['0001TP_1', '0016E5_2']


def test_toystreet_says_what_it_did(run, tmp_path):
    arguments = ('toystreet.py', tmp_path / 'out', '--num', '1', '--num-val',
                 '1', '--size', '32', '48')
    first, second = run(*arguments), run(*arguments)
    assert first.returncode == second.returncode == 0, first.stderr
    assert 'is complete' in first.stdout
    assert 'already, nothing to do' in second.stdout
    other = run(*arguments, '--seed', '1')
    assert other.returncode == 1
    assert 'holds a ToyStreet data set' in other.stderr


@pytest.fixture(params=['download', 'renamed'])
def pennfudan(request, tmp_path):
    """Five photographs of two pedestrians, numbered 1 and 3."""
    root = tmp_path / 'PennFudanPed'
    images, masks, suffix, kind = dict(
        download=('PNGImages', 'PedMasks', '_mask', 'png'),
        renamed=('images', 'masks', '', 'jpg'))[request.param]
    for number in range(1, 6):
        name = f'FudanPed{number:05d}'
        _save(root / images / f'{name}.{kind}', np.full((6, 8, 3), 9,
                                                        np.uint8))
        mask = np.zeros((6, 8), np.uint8)
        mask[1:5, 2:4] = 1
        mask[2, 5:] = 3
        _save(root / masks / f'{name}{suffix}.png', mask)
    return root


def test_pennfudan_is_converted(run, pennfudan, tmp_path):
    result = run('pennfudan.py', pennfudan, tmp_path / 'out')
    assert result.returncode == 0, result.stderr
    assert 'train: 3 images, 6 pedestrians' in result.stdout
    assert 'WARNING: 5 images, the whole download has 170' in result.stdout
    out = tmp_path / 'out'
    assert sorted(os.listdir(out)) == ['annotations', 'images']
    names = {}
    for split in ('train', 'val'):
        content = json.loads(
            (out / f'annotations/instances_{split}.json').read_text())
        files = [image['file_name'] for image in content['images']]
        assert all((out / 'images' / name).is_file() for name in files)
        names[split] = [name.partition('.')[0] for name in files]
    rows = content['annotations']
    assert names == dict(
        train=[f'FudanPed0000{i}' for i in (2, 3, 4)],
        val=[f'FudanPed0000{i}' for i in (1, 5)])
    assert [row['image_id'] for row in rows] == [0, 0, 1, 1]
    assert rows[0]['bbox'] == [2, 1, 2, 4] and rows[0]['area'] == 8
    assert rows[1]['bbox'] == [5, 2, 3, 1] and rows[1]['category_id'] == 1
    # column by column: two columns and one pixel, then 4 of 6
    assert rows[0]['segmentation'] == dict(
        size=[6, 8], counts=[13, 4, 2, 4, 25])
    again = run('pennfudan.py', pennfudan, out)
    assert again.returncode == 1 and 'is not empty' in again.stderr


def test_pennfudan_refuses(run, pennfudan, tmp_path):
    faults = ((np.zeros((6, 8, 3), np.uint8), 'is in colour'), (np.zeros(
        (6, 7), np.uint8), r'is \(6, 7\), its image \(6, 8\)'), (np.ones(
            (6, 8), np.uint8), 'has no background'))
    spoilt = next(pennfudan.glob('*asks/FudanPed00003*'))
    for mask, message in faults:
        _save(spoilt, mask)
        result = run('pennfudan.py', pennfudan, tmp_path / 'out')
        assert result.returncode == 1
        assert re.search(message, result.stderr)
    spoilt.unlink()
    assert 'has no mask' in run('pennfudan.py', pennfudan,
                                tmp_path / 'out').stderr
    empty = run('pennfudan.py', tmp_path / 'nothing', tmp_path / 'out')
    assert 'has neither PNGImages' in empty.stderr
    assert os.listdir(tmp_path) == ['PennFudanPed']


def test_pennfudan_into_a_link(run, pennfudan, tmp_path):
    (tmp_path / 'disk').mkdir()
    (tmp_path / 'out').symlink_to(tmp_path / 'disk')
    result = run('pennfudan.py', pennfudan, tmp_path / 'out')
    assert result.returncode == 0, result.stderr
    assert (tmp_path / 'disk/images').is_dir()
