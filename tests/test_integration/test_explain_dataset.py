"""The tool that explains a data set, as a user runs it."""
import json
import os.path as osp
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace
from unittest.mock import patch

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmseg_ext.engine import offline
from .test_faults import check_survives_kills
from .tool_runner import (REPO, run_process, run_tool, tool_command,
                          tool_environment)

pytest.importorskip('mmpretrain.models')
TOOL = 'tools/explain_dataset.py'


def classifier(width):
    return dict(
        type='ImageClassifier',
        data_preprocessor=dict(
            type='ClsDataPreprocessor',
            mean=[110., 120., 130.],
            std=[60., 50., 40.],
            to_rgb=True),
        backbone=dict(
            type='ResNet', depth=18, stem_channels=width, base_channels=width),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=3, in_channels=8 * width))


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    """Eight images of three classes, two classifiers."""
    from mmpretrain.registry import MODELS
    root = tmp_path_factory.mktemp('explain')
    rng = np.random.default_rng(0)
    for i in range(8):
        path = root / 'images' / 'abc'[i % 3] / f'{i}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        shape = (30 + i, 24, 3)
        cv2.imwrite(str(path), rng.integers(0, 256, shape, np.uint8))
    members = []
    for width in (4, 8):
        torch.manual_seed(width)
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            model = MODELS.build(classifier(width))
        checkpoint = str(root / f'{width}.pth')
        torch.save(dict(state_dict=model.state_dict()), checkpoint)
        members.append(
            dict(
                model=classifier(width),
                name=f'net{width}',
                checkpoint=checkpoint))
    cfg = Config(
        dict(
            explanation=dict(
                classifiers=members,
                explainer=dict(
                    type='SmoothGrad', num_samples=3, sample_batch_size=2),
                short_side=20,
                dataset=dict(
                    type='CustomDataset', data_root=str(root / 'images')))))
    cfg.dump(str(root / 'config.py'))
    return str(root / 'config.py')


def run(config, out, *args):
    run_tool(TOOL, config, out, '--workers', 0, '--device', 'cpu', *args)


def content(folder):
    """All files but those that a run may leave out."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob('*')) if path.is_file()
    }


@pytest.fixture(scope='module')
def straight(config, tmp_path_factory):
    out = tmp_path_factory.mktemp('straight') / 'out'
    run(config, out)
    return out


def test_files(config, straight):
    names = [f'{"abc"[i % 3]}/{i}' for i in range(8)]
    files = content(straight)
    assert set(files) == {
        'manifest.json', 'finished.json', 'images.jsonl',
        *(f'deciles/{name}.png' for name in names)
    }
    for i, name in enumerate(names):
        levels = cv2.imread(str(straight / f'deciles/{name}.png'), -1)
        number = (30 + i) * 24
        assert levels.shape == (30 + i, 24) and levels.dtype == np.uint8
        assert (levels == 9).sum() == number - -(-number * 9 // 10)
    entries = [
        json.loads(line)
        for line in (straight / 'images.jsonl').read_text().splitlines()
    ]
    assert {(x['image'], x['label'])
            for x in entries} == {(f'{name}.png', i % 3)
                                  for i, name in enumerate(names)}
    counts = json.loads((straight / 'finished.json').read_text())
    assert counts['images'] == 8 and counts['failed'] == 0
    sizes = [len(files[f'deciles/{name}.png']) for name in names]
    assert counts['bytes_per_image'] == round(sum(sizes) / 8, 1)
    # ten levels of noise: less than four bits a pixel, and the header
    assert counts['bytes_per_image'] < 24 * 34


def test_two_ranks_write_the_same(config, straight, tmp_path):
    run_process([
        sys.executable, '-m', 'torch.distributed.run', '--standalone',
        '--nproc_per_node=2',
        osp.join(REPO, TOOL), config,
        str(tmp_path / 'out'), '--launcher', 'pytorch', '--workers', '0'
    ])
    assert content(tmp_path / 'out') == content(straight)


def test_shards_write_the_same(config, straight, tmp_path):
    out = tmp_path / 'out'
    for number in (2, 0, 1):
        assert not (out / 'finished.json').exists()
        run(config, out, '--shard', f'{number}/3')
    assert content(out) == content(straight)


def test_kill_and_go_on_leaves_the_same(config, straight, tmp_path):
    out = tmp_path / 'out'
    process = subprocess.Popen(
        tool_command(TOOL, config, out, '--workers', 0, '--cfg-options',
                     'explanation.explainer.num_samples=3'),
        env=tool_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    deadline = time.time() + 300
    while len(list(out.glob('deciles/*/*.png'))) < 2:
        assert time.time() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for left in out.rglob('.*.tmp'):  # of the killed process
        left.unlink()
    run(config, out)
    assert content(out) == content(straight)


@pytest.mark.slow
def test_survives_kills(config, tmp_path):
    check_survives_kills(
        lambda out: tool_command(TOOL, config, out, '--workers', 0, '--device',
                                 'cpu'), tmp_path, 'explain')


def test_broken_and_missing_maps_are_made_anew(config, straight, tmp_path,
                                               capsys):
    out = tmp_path / 'out'
    run(config, out)
    before = content(out)
    broken = out / 'deciles/a/0.png'
    broken.write_bytes(broken.read_bytes()[:-5])
    (out / 'deciles/b/1.png').unlink()
    capsys.readouterr()
    run(config, out)
    assert '2 of 8 images to explain' in capsys.readouterr().out
    assert content(out) == before == content(straight)


def test_refuses_another_recipe(config, straight):
    with pytest.raises(ValueError, match='was made with explainer'):
        run(config, straight, '--cfg-options',
            'explanation.explainer.num_samples=4')
    with pytest.raises(ValueError, match='was made with amp None'):
        run(config, straight, '--amp', 'bfloat16')


def rewrite_recipe(folder, **change):
    """As an earlier version wrote it."""
    path = folder / 'manifest.json'
    recipe = json.loads(path.read_text())['recipe']
    path.write_text(json.dumps(dict(recipe=recipe | change)))


def test_goes_on_with_fewer_copies_a_pass(config, straight, tmp_path, capsys):
    out = shutil.copytree(straight, tmp_path / 'out')
    for before in ({}, dict(sample_batch_size=2)):
        explainer = dict(type='SmoothGrad', num_samples=3, **before)
        rewrite_recipe(out, explainer=explainer)
        run(config, out, '--cfg-options',
            'explanation.explainer.sample_batch_size=1')
        assert '0 of 8 images to explain' in capsys.readouterr().out
        with pytest.raises(ValueError, match='was made with explainer'):
            run(config, out, '--cfg-options',
                'explanation.explainer.sample_batch_size=1',
                'explanation.explainer.noise_level=0.2')


def test_scale_beside_a_model_is_of_the_recipe(config, tmp_path, capsys):
    model, out = classifier(4), tmp_path / 'out'
    scale = model.pop('data_preprocessor')
    cfg = Config.fromfile(config)
    cfg.explanation.classifiers = [str(tmp_path / 'net.py')]
    cfg.dump(str(tmp_path / 'config.py'))

    def run_with(mean):
        scale['mean'] = [mean] * 3
        Config(dict(model=model,
                    data_preprocessor=scale)).dump(str(tmp_path / 'net.py'))
        run(str(tmp_path / 'config.py'), out)

    run_with(110.)
    with pytest.raises(ValueError, match='was made with classifiers'):
        run_with(120.)
    # earlier versions left it out
    rewrite_recipe(out, classifiers=[dict(model=model)])
    capsys.readouterr()
    run_with(110.)
    assert '0 of 8 images to explain' in capsys.readouterr().out


def test_members_sheets_and_binary_store(config, straight, tmp_path):
    out = tmp_path / 'out'
    run(config, out, '--keep-members', '--sheets', 2, '--cfg-options',
        'explanation.store=binary')
    assert len(list(out.glob('sheets/*/*.png'))) == 2
    for i in range(8):
        name = f'{"abc"[i % 3]}/{i}.png'
        levels = cv2.imread(str(straight / 'deciles' / name), -1)
        top = cv2.imread(str(out / 'deciles' / name), -1)
        assert ((levels == 9) == (top == 255)).all()
        for member in ('net4', 'net8'):
            assert (out / 'members' / member / name).exists()
    # a missing sheet is drawn, and nothing else is done
    sheet = next(out.glob('sheets/*/*.png'))
    drawn = sheet.read_bytes()
    sheet.unlink()
    run(config, out, '--keep-members', '--sheets', 2, '--cfg-options',
        'explanation.store=binary')
    assert sheet.read_bytes() == drawn


def test_mixed_precision_and_integrated_gradients(config, tmp_path):
    run(config, tmp_path / 'amp', '--amp', 'bfloat16')
    run(config, tmp_path / 'ig', '--cfg-options',
        'explanation.explainer.type=IntegratedGradients')
    for name in ('amp', 'ig'):
        assert (tmp_path / name / 'finished.json').exists()


def test_unreadable_image(config, tmp_path):
    cfg = Config.fromfile(config)
    images = tmp_path / 'images'
    for name in 'abc':
        (images / name).mkdir(parents=True)
        cv2.imwrite(
            str(images / name / '0.png'),
            np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8))
    (images / 'b/1.jpg').write_bytes(b'no image')
    cfg.explanation.dataset.data_root = str(images)
    cfg.dump(str(tmp_path / 'config.py'))
    with pytest.raises(AssertionError, match='1 images could not be read'):
        run(str(tmp_path / 'config.py'), tmp_path / 'out')
    counts = json.loads((tmp_path / 'out/finished.json').read_text())
    assert (counts['images'], counts['failed']) == (3, 1)
    cv2.imwrite(str(images / 'b/1.jpg'), np.zeros((9, 9, 3), np.uint8))
    load = offline.load_classified_images

    def load_while_others_end(images, *args):
        """Another rank, with nothing to do, finds that there is work."""
        store = offline.ExplanationStore(
            SimpleNamespace(path=(tmp_path / 'out').joinpath))
        assert store.finish(images) is None
        return load(images, *args)

    with patch.object(offline, 'load_classified_images',
                      load_while_others_end):
        run(str(tmp_path / 'config.py'), tmp_path / 'out')
    assert not (tmp_path / 'out/flags/b/1.json').exists()
    counts = json.loads((tmp_path / 'out/finished.json').read_text())
    assert (counts['images'], counts['failed']) == (4, 0)


def test_faulty_configs(config, tmp_path):
    cfg = Config.fromfile(config)
    cfg.explanation.pop('classifiers')
    cfg.dump(str(tmp_path / 'config.py'))
    with pytest.raises(ValueError, match='has no explanation.classifiers'):
        run(str(tmp_path / 'config.py'), tmp_path / 'out')
    Config(dict(model=dict())).dump(str(tmp_path / 'config.py'))
    with pytest.raises(ValueError, match='has no field explanation'):
        run(str(tmp_path / 'config.py'), tmp_path / 'out')
    with pytest.raises(ValueError, match='store must be one of decile'):
        run(config, tmp_path / 'out', '--cfg-options',
            'explanation.store=float')


def test_classifiers_of_other_classes(config, tmp_path):
    cfg = Config.fromfile(config)
    for name in 'abcd':
        path = tmp_path / 'images' / name / '0.png'
        path.parent.mkdir(parents=True)
        cv2.imwrite(str(path), np.zeros((9, 9, 3), np.uint8))
    cfg.explanation.dataset.data_root = str(tmp_path / 'images')
    cfg.dump(str(tmp_path / 'config.py'))
    with pytest.raises(ValueError, match='net4 has 3 classes, but .* has 4'):
        run(str(tmp_path / 'config.py'), tmp_path / 'out')


def test_names_that_would_collide(config, tmp_path):
    cfg = Config.fromfile(config)
    for name in ('a/0.png', 'a/0.jpg'):
        path = tmp_path / 'images' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.zeros((9, 9, 3), np.uint8))
    cfg.explanation.dataset.data_root = str(tmp_path / 'images')
    cfg.dump(str(tmp_path / 'config.py'))
    with pytest.raises(ValueError, match='would both become a/0.png'):
        run(str(tmp_path / 'config.py'), tmp_path / 'out')
