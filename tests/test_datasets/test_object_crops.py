import json
import runpy
import sys
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
import pytest

from mmseg_ext.datasets.object_crops import find_object_crops

TOOL = Path(__file__).parents[2] / 'tools/dataset_converters/object_crops.py'


def labels_of(*boxes, size=(60, 80)):
    """A map of zeros with rectangles of (class, top, left, height, width)."""
    labels = np.zeros(size, np.uint8)
    for label, top, left, height, width in boxes:
        labels[top:top + height, left:left + width] = label
    return labels


def find(labels, classes=(1, 2), seed=0, **kwargs):
    return find_object_crops(labels, classes, np.random.default_rng(seed),
                             **kwargs)


@pytest.mark.parametrize('seed', range(20))
def test_cut_holds_the_object(seed):
    labels = labels_of((1, 20, 30, 12, 10))
    crop, = find(labels, seed=seed)
    part = crop.cut(labels)
    assert part.shape == (crop.side, crop.side) and crop.side >= 24
    assert crop.label == 1 and (part == 1).sum() == 120
    assert 0.1 <= (part == 1).mean() <= 0.5


def test_place_in_the_cut_varies():
    labels = labels_of((1, 20, 30, 12, 10))
    places = {find(labels, seed=seed)[0][1:3] for seed in range(20)}
    assert len(places) > 10


def test_objects_of_two_classes_are_not_cut_together():
    near = labels_of((1, 20, 20, 12, 12), (2, 20, 34, 12, 12))
    far = labels_of((1, 5, 5, 12, 12), (2, 45, 60, 12, 12))
    for seed in range(10):
        for crop in find(near, seed=seed):
            other = (near > 0) & (near != crop.label)
            assert crop.cut(other).mean() <= 0.02
        assert {crop.label for crop in find(far, seed=seed)} == {1, 2}
    # the other class is background if it is no object
    assert any(find(near, classes=(1, ), seed=seed) for seed in range(10))


def test_small_and_huge_objects_are_left_out():
    assert find(labels_of((1, 20, 20, 5, 5))) == []
    assert find(labels_of((1, 0, 0, 8, 80))) == []
    assert find(labels_of((1, 0, 0, 60, 60))) == []  # covers too much


@pytest.fixture
def run(repo, toystreet, tmp_path):

    def function(out, *args):
        config = repo / 'configs/_base_/datasets/toystreet.py'
        root = f'train_dataloader.dataset.dataset.data_root={toystreet}/day'
        argv = [
            str(TOOL),
            str(config),
            str(tmp_path / out), '--per-class', '4', '--val-every', '4', *args,
            '--cfg-options', root
        ]
        with patch.object(sys, 'argv', argv):
            runpy.run_path(str(TOOL), run_name='__main__')
        return tmp_path / out

    return function


def test_tool(run, capsys):
    out = run('one', '--classes', 'car', 'tree', '--size', '32')
    found = json.loads((out / 'finished.json').read_text())['images']
    assert 0 < found['train']['car'] <= 4 and found['val']['car'] == 1
    for split, classes in found.items():
        for name, number in classes.items():
            files = sorted((out / split / name).iterdir())
            assert len(files) == number
            for file in files:
                image = cv2.imread(str(file), -1)
                mask = cv2.imread(
                    str(out / 'masks' / split / name / file.name), -1)
                assert image.shape == (32, 32, 3) and mask.shape == (32, 32)
                assert set(np.unique(mask)) == {0, 255}
    # no image has parts in both
    assert not {x.name.split('_')[0]
                for x in (out / 'train').rglob('*.png')} & {
                    x.name.split('_')[0]
                    for x in (out / 'val').rglob('*.png')
                }
    again = run('two', '--classes', 'car', 'tree', '--size', '32')
    for file in out.rglob('*.png'):
        twin = again / file.relative_to(out)
        assert twin.read_bytes() == file.read_bytes()
    capsys.readouterr()
    run('one', '--classes', 'car', 'tree', '--size', '32')
    assert 'nothing to do' in capsys.readouterr().out


def test_tool_refuses(run):
    with pytest.raises(ValueError, match='has bus, but the classes .* sky'):
        run('out', '--classes', 'car', 'bus')
    with pytest.raises(ValueError, match='can be had alone for val/car'):
        run('other', '--classes', 'car', '--val-every', '100')


@pytest.fixture
def crops(tmp_path):
    """The tool on four images, each with an object of class 1."""
    for folder in ('images', 'labels'):
        (tmp_path / folder).mkdir()
    rng = np.random.default_rng(0)
    for i in range(4):
        image = rng.integers(0, 255, (64, 64, 3), np.uint8)
        cv2.imwrite(str(tmp_path / f'images/{i}.png'), image)
        cv2.imwrite(
            str(tmp_path / f'labels/{i}.png'),
            labels_of((1, 20, 20, 14, 14), size=(64, 64)))
    dataset = dict(
        type='BaseSegDataset',
        img_suffix='.png',
        data_root=str(tmp_path),
        metainfo=dict(classes=('background', 'thing')),
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        pipeline=[dict(type='LoadAnnotations')])
    config = tmp_path / 'config.py'
    config.write_text(f'train_dataloader = dict(dataset={dataset})\n')

    def function(*args):
        argv = [
            str(TOOL),
            str(config),
            str(tmp_path / 'out'), '--classes', 'thing', '--size', '16',
            '--val-every', '2', *args
        ]
        with patch.object(sys, 'argv', argv):
            runpy.run_path(str(TOOL), run_name='__main__')
        return sorted(
            str(x.relative_to(tmp_path / 'out'))
            for x in (tmp_path / 'out').rglob('*.png'))

    return function


def test_broken_files_are_named(crops, tmp_path):
    label = tmp_path / 'labels/2.png'
    whole = label.read_bytes()
    cv2.imwrite(str(label), np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(ValueError, match='2.png has 3 colour channels'):
        crops()
    label.write_bytes(whole)
    (tmp_path / 'images/1.png').write_bytes(b'no image')
    with pytest.raises(ValueError, match='1.png is missing or broken'):
        crops()


def test_crops_of_a_run_that_failed_do_not_stay(crops, tmp_path):
    image = tmp_path / 'images/3.png'
    whole = image.read_bytes()
    image.write_bytes(b'no image')
    with pytest.raises(ValueError, match='3.png'):
        crops()
    image.write_bytes(whole)
    for name in ('images/0', 'labels/0', 'images/1', 'labels/1'):
        (tmp_path / f'{name}.png').unlink()
    assert [x for x in crops() if 'masks' not in x
            ] == ['train/thing/000000_0.png', 'val/thing/000001_0.png']
