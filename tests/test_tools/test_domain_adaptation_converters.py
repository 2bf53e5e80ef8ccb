"""The tools that ready the data of domain adaptation."""
import json
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from PIL import Image

import mmseg_ext  # noqa: F401

TOOLS = Path(__file__).resolve().parents[2] / 'tools/dataset_converters'


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs a tool as a script, in this process: imports take seconds."""

    def run_tool(tool, *arguments):
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
        message = ''
        try:
            runpy.run_path(str(TOOLS / tool), run_name='__main__')
        except SystemExit as stop:
            message = stop.code or ''
        return capsys.readouterr().out, message

    return run_tool


def _image(path, size=(4, 6)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size, 3), 9, np.uint8)).save(path)


@pytest.fixture
def gta(tmp_path):
    root = tmp_path / 'gta'
    (root / 'labels').mkdir(parents=True)
    for i, name in enumerate(('00001', '00002', '00003')):
        _image(root / f'images/{name}.png')
        label = np.full((4, 6), 26 if i else 7, np.uint8)
        label[0] = 0
        picture = Image.fromarray(label, mode='P')
        picture.putpalette([(37 * i) % 256 for i in range(768)])
        picture.save(root / f'labels/{name}.png')
    return root


def _converted(root, name):
    return np.array(Image.open(root / f'labels/{name}_labelTrainIds.png'))


@pytest.mark.parametrize('workers', [1, 2])
def test_gta(run, gta, workers):
    out, error = run('gta.py', gta, '--workers', workers, '--check-images')
    assert not error
    assert '3 images, 3 converted now' in out
    assert 'WARNING: 3 images, the whole download has 24966' in out
    label = _converted(gta, '00002')
    assert label.dtype == np.uint8
    assert (label[0] == 255).all() and (label[1:] == 13).all()
    counts = json.loads((gta / 'class_counts.json').read_text())
    assert counts['images']['00002'][13] == 18
    assert counts['images']['00001'][0] == 18
    assert (gta / 'splits/all.txt').read_text().split() == [
        '00001', '00002', '00003'
    ]
    init_default_scope('mmseg')
    dataset = DATASETS.build(
        dict(
            type='GTADataset',
            data_root=str(gta),
            ann_file='splits/all.txt',
            data_prefix=dict(img_path='images', seg_map_path='labels'),
            pipeline=[dict(type='LoadAnnotations')]))
    assert (dataset[1]['gt_seg_map'] == label).all()


def test_a_stopped_run_goes_on(run, gta):
    first, _ = run('gta.py', gta, '--workers', 1)
    counts = (gta / 'class_counts.json').read_text()
    (gta / 'labels/00002_labelTrainIds.png').unlink()
    kept = (gta / 'labels/00001_labelTrainIds.png').stat().st_mtime_ns
    out, error = run('gta.py', gta, '--workers', 1)
    assert not error and '1 converted now' in out
    assert (gta / 'labels/00001_labelTrainIds.png').stat().st_mtime_ns == kept
    assert (gta / 'class_counts.json').read_text() == counts
    assert not list(gta.rglob('*.tmp'))


def test_a_label_of_another_size_takes_that_of_its_image(run, gta):
    Image.fromarray(
        np.full((8, 12), 7, np.uint8), mode='P').save(gta / 'labels/00003.png')
    out, error = run('gta.py', gta, '--workers', 1)
    assert not error and 'were resized: 00003' in out
    assert _converted(gta, '00003').shape == (4, 6)


def _spoil_image(root):
    (root / 'images/00002.png').write_bytes(b'PNG')


def _cut_image(root):
    _image(root / 'images/00002.png', (400, 600))
    path = root / 'images/00002.png'
    path.write_bytes(path.read_bytes()[:-900])


def _spoil_label(root):
    (root / 'labels/00002.png').write_bytes(b'')


def _remove_label(root):
    (root / 'labels/00002.png').unlink()


def _foreign(root):
    path = root / 'labels/00002_labelTrainIds.png'
    Image.fromarray(np.full((4, 6), 33, np.uint8)).save(path)


def _half_written(root):
    (root / 'labels/00002_labelTrainIds.png').write_bytes(b'PNG')


@pytest.mark.parametrize('spoil, message', [
    (_spoil_image, 'images/00002.png is damaged'),
    (_cut_image, 'images/00002.png is damaged'),
    (_spoil_label, 'labels/00002.png is damaged'),
    (_remove_label, '1 of 3 images .* have no label file'),
    (_foreign, '00002_labelTrainIds.png exists and has the value 33'),
    (_half_written, '00002_labelTrainIds.png exists and is damaged'),
])
def test_gta_refuses(run, gta, spoil, message):
    spoil(gta)
    _, error = run('gta.py', gta, '--workers', 1, '--check-images')
    with pytest.raises(ValueError, match=message):
        raise ValueError(error)
    assert not (gta / 'class_counts.json').exists()


def test_synthia(run, tmp_path):
    root = tmp_path / 'synthia'
    (root / 'GT/LABELS').mkdir(parents=True)
    _image(root / 'RGB/0000000.png')
    label = np.zeros((4, 6, 3), np.uint16)
    label[..., 2] = 8
    label[..., 1] = 600
    cv2.imwrite(str(root / 'GT/LABELS/0000000.png'), label)
    out, error = run('synthia.py', root, '--workers', 1)
    assert not error and '1 images, 1 converted now' in out
    found = Image.open(root / 'GT/LABELS/0000000_labelTrainIds.png')
    assert (np.array(found) == 13).all()
    _, error = run('synthia.py', tmp_path)
    assert 'RGB does not exist' in error


def test_class_counts(run, gta):
    run('gta.py', gta, '--workers', 1)
    config = gta / 'config.py'
    config.write_text(f'''
custom_imports = dict(imports=['mmseg_ext'])
train_dataloader = dict(dataset=dict(
    type='MultiSourceDataset',
    source=dict(
        type='GTADataset', raw_labels=True, data_root={str(gta)!r},
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        pipeline=[dict(type='LoadImageFromFile'),
                  dict(type='LoadAnnotations'),
                  dict(type='PackBranchInputs')])))
''')
    out, error = run('class_counts.py', config, gta / 'again.json')
    assert not error and 'reading 3 label maps' in out
    assert (gta /
            'again.json').read_text() == (gta /
                                          'class_counts.json').read_text()
    _, error = run('class_counts.py', config, gta / 'x.json', '--key', 'none')
    assert 'has no field none' in error


def test_camvid_day_to_dusk(run, tmp_path):
    for name in ('0001TP_1', '0006R0_f2', '0016E5_3', '0016E5_1'):
        _image(tmp_path / f'images/train/{name}.png')
    out, error = run('camvid_day_to_dusk.py', tmp_path)
    assert not error and '3 images' in out
    folder = tmp_path / 'splits/day_to_dusk'
    assert (folder / 'source.txt').read_text().split() == [
        '0006R0_f2', '0016E5_1', '0016E5_3'
    ]
    assert (folder / 'target.txt').read_text() == '0001TP_1\n'
    (tmp_path / 'images/train/0001TP_1.png').unlink()
    _, error = run('camvid_day_to_dusk.py', tmp_path)
    assert 'has no frame 0001TP_*' in error
