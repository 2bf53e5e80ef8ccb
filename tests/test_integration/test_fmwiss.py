"""An incremental step and the tools around it, as a user runs them."""
import glob
import json
import os.path as osp
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.utils import ManagerMixin
from mmseg.registry import DATASETS, MODELS

from mmseg_ext.datasets.class_counts import ClassCounts, write_class_counts
from mmseg_ext.datasets.memory_bank import MemoryBank
from .method_battery import MethodBattery, losses, metrics, short_config, write
from .tool_runner import (REPO, forget_instances, run_process, run_tool,
                          tool_environment)

FOLDER = 'configs/fmwiss'
OLD = ['background', 'sky', 'building', 'road', 'pavement', 'car', 'pole']
SIMULATED = dict(type='SimulatedCoSegmentor', iou=0.6)


def read_config(name, toystreet, files, work_dir, iters=6):
    """A short config on the files of a test."""
    cfg = short_config(f'{FOLDER}/{name}.py', toystreet, work_dir, iters)
    dataset = cfg.train_dataloader.dataset.dataset
    dataset.image_labels = str(files / 'counts.json')
    dataset.without = []
    if dataset.step:
        dataset.pseudo_masks = str(files / 'masks')
        cfg.load_from = str(files / 'base.pth')
        cfg.co_segmentor = SIMULATED
    for transform in dataset.pipeline:
        if transform['type'] == 'MemoryCopyPaste':
            transform.update(bank=str(files / 'bank'), prob=1.0)
    return cfg


@pytest.fixture(scope='module')
def files(toystreet, tmp_path_factory):
    """Labels of images, a first checkpoint, a bank and masks."""
    init_default_scope('mmseg')
    root = tmp_path_factory.mktemp('incremental')
    paths = sorted((toystreet / 'day/annotations/train').iterdir())
    counts = np.stack([
        np.bincount(cv2.imread(str(path), -1).ravel(), minlength=256)[:9]
        for path in paths
    ])
    classes = ('sky', 'building', 'road', 'pavement', 'tree', 'car',
               'pedestrian', 'sign', 'pole')
    write_class_counts(
        str(root / 'counts.json'),
        ClassCounts(classes, tuple(path.stem for path in paths), counts))
    base = read_config('fmwiss_base_toystreet', toystreet, root, root)
    torch.manual_seed(0)
    torch.save(
        dict(
            meta=dict(dataset_meta=dict(classes=tuple(OLD))),
            state_dict=MODELS.build(base.model).state_dict()),
        root / 'base.pth')
    run_tool('tools/build_memory_bank.py', write(base, root / 'base.py'),
             root / 'bank', '--min-area', 0.002, '--per-class', 3)
    step = read_config('fmwiss_toystreet', toystreet, root, root)
    run_tool('tools/cosegment.py', write(step, root / 'step.py'),
             root / 'masks', '--workers', 0, '--device', 'cpu')
    return root


class IncrementalBattery(MethodBattery):

    @pytest.fixture
    def cfg(self, toystreet, files, tmp_path):
        name = osp.basename(self.config)[:-len('.py')]
        return read_config(name, toystreet, files, tmp_path / 'work',
                           self.iters)


class TestFMWISS(IncrementalBattery):
    config = f'{FOLDER}/fmwiss_toystreet.py'

    def test_train_test_benchmark_export(self, cfg, path, tmp_path):
        cfg.default_hooks.incremental_visualization.interval = 3
        super().test_train_test_benchmark_export(cfg, write(cfg, path),
                                                 tmp_path)
        assert {'mIoU_old', 'mIoU_new', 'mIoU_all',
                'mIoU_step1'} <= set(metrics(tmp_path / 'test'))
        names = [
            osp.basename(x)
            for x in glob.glob(f'{cfg.work_dir}/*/vis_data/incremental/*')
        ]
        assert sorted(names) == ['iter_1.png', 'iter_3.png', 'iter_6.png']


@pytest.mark.slow
class TestFineTuning(IncrementalBattery):
    config = f'{FOLDER}/finetune_toystreet.py'


@pytest.mark.slow
class TestNoTeacher(IncrementalBattery):
    config = f'{FOLDER}/fmwiss_no-teacher_toystreet.py'


@pytest.mark.slow
class TestTagger(IncrementalBattery):
    config = f'{FOLDER}/fmwiss_tagger_toystreet.py'


def train(cfg):
    """Train in this process, on a config that may be wrong."""
    forget_instances(ManagerMixin)
    init_default_scope('mmseg')
    cfg.update(val_cfg=None, val_dataloader=None, val_evaluator=None)
    Runner.from_cfg(cfg).train()


class TestProtocol:

    @pytest.fixture
    def step(self, toystreet, files, tmp_path):
        return read_config('fmwiss_toystreet', toystreet, files,
                           tmp_path / 'work', 2)

    def test_no_label_of_a_pixel_is_read(self, step, toystreet, tmp_path):
        """Without label maps of the training images all is as with them."""
        train(step)
        copy = tmp_path / 'toystreet'
        shutil.copytree(toystreet, copy)
        shutil.rmtree(copy / 'day/annotations/train')
        other = step.copy()
        dataset = other.train_dataloader.dataset.dataset.dataset
        dataset.data_root = str(copy / 'day')
        other.work_dir = str(tmp_path / 'blind')
        train(other)
        assert losses(step.work_dir) == losses(other.work_dir)

    def test_wrong_files(self, step, files, tmp_path):
        """One sentence each, ahead of the first iteration."""
        wrong = step.copy()
        wrong.load_from = None
        with pytest.raises(ValueError, match='load_from names no checkpoint'):
            train(wrong)
        wrong = step.copy()
        content = torch.load(files / 'base.pth')
        content['meta']['dataset_meta']['classes'] = OLD[:1] + OLD[:0:-1]
        wrong.load_from = str(tmp_path / 'other.pth')
        torch.save(content, wrong.load_from)
        with pytest.raises(ValueError, match='has the classes'):
            train(wrong)
        wrong = step.copy()
        bank = tmp_path / 'bank'
        shutil.copytree(files / 'bank', bank)
        index = json.loads((bank / 'index.json').read_text())
        (bank / 'index.json').write_text(
            json.dumps(dict(index, classes=OLD[:1] + OLD[:0:-1])))
        wrong.train_dataloader.dataset.dataset.pipeline[4].bank = str(bank)
        with pytest.raises(ValueError, match='is of the task'):
            train(wrong)
        (bank / 'index.json').write_text(json.dumps(index))
        next((bank / 'objects').iterdir()).unlink()
        with pytest.raises(ValueError, match='of the memory bank is missing'):
            train(wrong)
        wrong = step.copy()
        wrong.model.num_old_classes = 6
        with pytest.raises(ValueError, match='num_old_classes is 6'):
            train(wrong)

    def test_resume_refuses_another_bank(self, step, files, tmp_path):
        train(step)
        bank = tmp_path / 'bank'
        shutil.copytree(files / 'bank', bank)
        index = json.loads((bank / 'index.json').read_text())
        index['objects'].pop()
        (bank / 'index.json').write_text(json.dumps(index))
        step.train_dataloader.dataset.dataset.pipeline[4].bank = str(bank)
        step.resume = True
        step.train_cfg.max_iters = 4
        with pytest.raises(ValueError, match='began with another memory_bank'):
            train(step)


class TestMemoryBank:

    def test_content(self, files, toystreet):
        bank = MemoryBank(str(files / 'bank'))
        bank.verify()
        assert list(bank.classes) == OLD and bank.step == 0
        assert set(bank.by_label) <= set(range(1, 7))
        for i, entry in enumerate(bank.objects):
            image = bank.read(i)
            alpha = image[..., 3] > 0
            assert alpha.sum() == entry.area >= 0.002 * 96 * 128
            # tight
            assert all(alpha.any(axis)[[0, -1]].all() for axis in (0, 1))
            source = cv2.imread(
                str(toystreet / f'day/images/train/{entry.source}.png'))
            height, width = alpha.shape
            found = cv2.matchTemplate(source, image[..., :3].copy(),
                                      cv2.TM_SQDIFF)
            top, left = np.unravel_index(found.argmin(), found.shape)
            cut = source[top:top + height, left:left + width]
            assert (cut == image[..., :3]).all()
        assert max(len(x) for x in bank.by_label.values()) == 3

    def test_again(self, files, tmp_path, capsys):
        """The same seed gives the same bank; another recipe is refused."""
        command = ('tools/build_memory_bank.py', files / 'base.py')
        options = ('--min-area', 0.002, '--per-class', 3)
        run_tool(*command, tmp_path / 'bank', *options)
        assert 'at most' in capsys.readouterr().out
        one, other = (
            MemoryBank(str(x)).fingerprint
            for x in (files / 'bank', tmp_path / 'bank'))
        assert one == other
        run_tool(*command, tmp_path / 'bank', *options)
        assert 'complete' in capsys.readouterr().out
        with pytest.raises(ValueError, match='was made with seed 0'):
            run_tool(*command, tmp_path / 'bank', *options, '--seed', 1)
        run_tool(*command, tmp_path / 'other', *options, '--seed', 1)
        assert MemoryBank(str(tmp_path / 'other')).fingerprint != one

    def test_refuses_other_labels(self, files, toystreet, tmp_path):
        shutil.copytree(toystreet / 'day', tmp_path / 'day')
        shutil.copytree(files / 'bank', tmp_path / 'bank')
        command = ('tools/build_memory_bank.py', files / 'base.py',
                   tmp_path / 'bank', '--min-area', 0.002, '--per-class', 3,
                   '--cfg-options', 'train_dataloader.dataset.dataset.dataset.'
                   f'data_root={tmp_path}/day')
        run_tool(*command)  # the same elsewhere
        path = next((tmp_path / 'day/annotations/train').iterdir())
        label = cv2.imread(str(path), -1)
        label[0, 0] = 255
        cv2.imwrite(str(path), label)
        with pytest.raises(ValueError, match='made with annotations .* new'):
            run_tool(*command)
        path.unlink()
        with pytest.raises(FileNotFoundError, match=f'{path.name} of the im'):
            run_tool(*command)

    def test_instances(self, files, toystreet, tmp_path):
        """Which part each image in two halves, but one, that has no file."""
        command = ('tools/build_memory_bank.py', files / 'base.py',
                   tmp_path / 'bank', '--min-area', 0.002, '--per-class', 50,
                   '--instances', tmp_path / 'instances')
        with pytest.raises(ValueError, match='instances has no file of any'):
            run_tool(*command)
        (tmp_path / 'instances').mkdir()
        halves = np.ones((96, 128), np.uint16)
        halves[:, 64:] = 400
        paths = sorted((toystreet / 'day/annotations/train').iterdir())
        for path in paths[1:]:
            cv2.imwrite(str(tmp_path / 'instances' / path.name), halves)
        run_tool(*command)
        bank, wide = MemoryBank(str(tmp_path / 'bank')), set()
        for i, entry in enumerate(bank.objects):
            if bank.read(i).shape[1] > 64:
                wide.add(entry.source)
        assert wide == {paths[0].stem}

    def test_several_processes(self, files, tmp_path, monkeypatch):
        monkeypatch.setattr('mmengine.dist.get_world_size', lambda: 2)
        with pytest.raises(ValueError, match='has 2 processes.* is 1'):
            run_tool('tools/build_memory_bank.py', files / 'base.py',
                     tmp_path / 'bank')
        assert not (tmp_path / 'bank').exists()

    def test_extended_by_predictions(self, files, toystreet, tmp_path):
        with pytest.raises(ValueError, match='give --checkpoint'):
            run_tool('tools/build_memory_bank.py', files / 'step.py',
                     tmp_path / 'bank')
        with pytest.raises(ValueError, match=r"those of step 1 are .*'sign'"):
            run_tool('tools/build_memory_bank.py', files / 'step.py',
                     tmp_path / 'other', '--checkpoint', files / 'base.pth',
                     '--device', 'cpu')
        cfg = Config.fromfile(str(files / 'step.py'))
        model = MODELS.build(cfg.model)
        torch.save(dict(state_dict=model.state_dict()), tmp_path / 'x.pth')
        run_tool('tools/build_memory_bank.py', files / 'step.py',
                 tmp_path / 'bank', '--extend', files / 'bank', '--checkpoint',
                 tmp_path / 'x.pth', '--per-class', 2, '--device', 'cpu',
                 '--least-confidence', 0., '--min-area', 0.0001)
        old, bank = (
            MemoryBank(str(x)) for x in (files / 'bank', tmp_path / 'bank'))
        assert bank.objects[:len(old)] == old.objects
        assert bank.classes == (*OLD, 'tree', 'pedestrian', 'sign')
        added = bank.objects[len(old):]
        assert all(x.pseudo and x.label in (7, 8, 9) for x in added)
        bank.verify()
        cropped = cfg.test_dataloader.dataset
        while 'pipeline' not in cropped:
            cropped = cropped.dataset
        cropped.pipeline[-1:] = [
            dict(type='CenterCrop', crop_size=(64, 64)),
            dict(type='SetOriShape'), cropped.pipeline[-1]
        ]
        with pytest.raises(ValueError, match=r'predicted as \(64, 64\), so'):
            run_tool('tools/build_memory_bank.py',
                     write(cfg, tmp_path / 'crop.py'), tmp_path / 'crop',
                     '--checkpoint', tmp_path / 'x.pth', '--device', 'cpu')

    def test_confident_parts(self):
        from mmseg_ext.engine.offline.memory_bank_builder import \
            confident_parts
        labels = np.array([[1, 1, 0, 1], [0, 0, 0, 2]])
        score = np.array([[.9, .7, .9, .5], [.9, .9, .9, .9]])
        kept = confident_parts(labels, score, [1], 0.75)
        assert kept.tolist() == [[1, 1, 0, 0], [0, 0, 0, 0]]


class TestCoSegment:

    def run(self, files, out, *args):
        run_tool('tools/cosegment.py', files / 'step.py', out, '--device',
                 'cpu', *args)

    def masks(self, folder):
        return {x.name: x.read_bytes() for x in (folder / 'masks').iterdir()}

    def test_goes_on_and_refuses(self, files, tmp_path, capsys):
        out = tmp_path / 'masks'
        shutil.copytree(files / 'masks', out)
        before = self.masks(out)
        next((out / 'masks').iterdir()).unlink()
        (out / 'finished.json').unlink()
        self.run(files, out)
        assert '1 of 16 images to co-segment' in capsys.readouterr().out
        assert self.masks(out) == before
        with pytest.raises(ValueError, match='was made with co_segmentor'):
            self.run(files, out, '--cfg-options', 'co_segmentor.iou=0.7')

    def test_refuses_other_labels(self, files, tmp_path):
        """Whose bits the masks that are there would be read as."""
        out, field = tmp_path / 'masks', 'train_dataloader.dataset.dataset'
        shutil.copytree(files / 'masks', out)
        counts = json.loads((files / 'counts.json').read_text())
        name = sorted(path.stem for path in (out / 'masks').iterdir())[0]
        before = json.loads((out / 'labels.json').read_text())['labels'][name]
        tree = counts['classes'].index('tree')
        counts['images'][name][tree] = 0 if 'tree' in before else 9
        counts['images'][name][counts['classes'].index('sign')] = 9
        (tmp_path / 'counts.json').write_text(json.dumps(counts))
        options = ('--cfg-options',
                   f'{field}.image_labels={tmp_path}/counts.json')
        contents = {x: x.read_bytes() for x in out.rglob('*') if x.is_file()}
        for finished in (True, False):
            if not finished:  # killed
                (out / 'finished.json').unlink()
                del contents[out / 'finished.json']
            with pytest.raises(ValueError, match=f"'{name}' made with .* new"):
                self.run(files, out, *options)
            assert contents == {
                x: x.read_bytes()
                for x in out.rglob('*') if x.is_file()
            }

    def test_evaluates_and_draws(self, files, tmp_path):
        out = tmp_path / 'masks'
        self.run(files, out, '--evaluate', '--show', '2')
        found = json.loads((out / 'iou.json').read_text())
        assert set(found) == {'init', 'refined'}
        assert all(30 < x < 90 for x in found['refined'].values())
        assert cv2.imread(str(out / 'masks.png')).shape[1] > 500

    def test_class_activation_maps(self, files, toystreet, tmp_path):
        """The stand-in of ToyStreet, of untrained networks."""
        tagger = read_config('fmwiss_tagger_toystreet', toystreet, files,
                             tmp_path)
        write(tagger, tmp_path / 'tagger.py')
        torch.save(
            dict(
                meta=dict(
                    dataset_meta=dict(
                        classes=(*OLD, 'tree', 'pedestrian', 'sign'))),
                state_dict=MODELS.build(tagger.model).state_dict()),
            tmp_path / 'tagger.pth')
        cfg = Config.fromfile(str(files / 'step.py'))
        cfg.co_segmentor = dict(
            type='ClassActivationCoSegmentor',
            config=str(tmp_path / 'tagger.py'),
            checkpoint=str(tmp_path / 'tagger.pth'))
        run_tool('tools/cosegment.py', write(cfg, tmp_path / 'cam.py'),
                 tmp_path / 'masks', '--device', 'cpu', '--evaluate')
        assert len(self.masks(tmp_path / 'masks')) == 16
        cfg.co_segmentor.checkpoint = None
        with pytest.raises(ValueError, match='checkpoint is None'):
            run_tool('tools/cosegment.py', write(cfg, tmp_path / 'cam.py'),
                     tmp_path / 'other')

    def test_faults(self, files, tmp_path):
        with pytest.raises(ValueError, match='must set co_segmentor'):
            run_tool('tools/cosegment.py', files / 'base.py', tmp_path / 'x')
        with pytest.raises(ValueError, match='trains step 0'):
            run_tool('tools/cosegment.py', files / 'base.py', tmp_path / 'x',
                     '--cfg-options', 'co_segmentor.type=x')

    @pytest.mark.slow
    def test_two_processes(self, files, tmp_path):
        self.run(files, tmp_path / 'one', '--evaluate')
        run_process([
            sys.executable, '-m', 'torch.distributed.run', '--standalone',
            '--nproc_per_node=2',
            osp.join(REPO, 'tools/cosegment.py'),
            str(files / 'step.py'),
            str(tmp_path / 'masks'), '--launcher', 'pytorch', '--device',
            'cpu', '--evaluate'
        ])
        assert self.masks(tmp_path / 'masks') == self.masks(files / 'masks')
        one, two = (
            json.loads((tmp_path / folder / 'iou.json').read_text())
            for folder in ('one', 'masks'))
        assert one == two


def test_online_masks(toystreet, files, tmp_path):
    """CLIP and ViT of random weights in the training itself."""
    pytest.importorskip('transformers')
    sys.path.append(osp.join(REPO, 'tests/test_models/test_co_segmentors'))
    from test_foundation_co_segmentor import make_models
    cfg = read_config('fmwiss_toystreet', toystreet, files, tmp_path / 'work',
                      2)
    cfg.model.co_segmentor = dict(
        type='FoundationCoSegmentor',
        short_side=48,
        templates=['a {}.'],
        **make_models(tmp_path))
    cfg.train_dataloader.dataset.dataset.pseudo_masks = None
    del cfg.train_dataloader.dataset.dataset.pipeline[1]
    train(cfg)
    assert len(losses(cfg.work_dir)) == 2
    saved = torch.load(f'{cfg.work_dir}/iter_2.pth')['state_dict']
    assert not any('segmentor.clip' in key for key in saved)


class TestPlan:

    def test_dry_run(self, tmp_path, capsys):
        run_tool('tools/incremental.py',
                 f'{REPO}/{FOLDER}/fmwiss_toystreet.py', '--dry-run',
                 '--work-dir', tmp_path)
        lines = capsys.readouterr().out.splitlines()
        names = [line.split()[0] for line in lines[::2]]
        assert names == [
            'step0/train', 'step1/bank', 'step1/tagger', 'step1/masks',
            'step1/train'
        ]
        last = lines[-1]
        assert f'load_from={tmp_path}/step0/train/iter_900.pth' in last
        assert f'pipeline.4.bank={tmp_path}/step1/bank' in last
        assert f'pseudo_masks={tmp_path}/step1/masks' in last
        assert not (tmp_path / 'state.json').exists()

    def test_flags(self, tmp_path, capsys):
        run_tool('tools/incremental.py',
                 f'{REPO}/{FOLDER}/fmwiss_no-paste_toystreet.py', '--dry-run',
                 '--work-dir', tmp_path, '--base', 'x.pth', '--masks', 'm',
                 '--gpus', 2)
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[0] for line in lines[::2]] == ['step1/train']
        assert 'dist_train.sh' in lines[1]
        assert 'bank' not in lines[1]

    def test_cfg_options(self, tmp_path, capsys):
        option = 'train_dataloader.dataset.dataset.dataset.data_root=elsewhere'
        command = ('tools/incremental.py',
                   f'{REPO}/{FOLDER}/fmwiss_toystreet.py', '--dry-run',
                   '--work-dir', tmp_path)
        run_tool(*command, '--cfg-options', option)
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 10
        assert all(f' {option}' in line for line in lines[1::2])
        # behind those of the command line; the network as it was trained
        tagger = f'{tmp_path}/step1/tagger'
        assert lines[7].endswith(
            f' {option} co_segmentor.checkpoint={tagger}/iter_200.pth '
            f'co_segmentor.config={tagger}/fmwiss_tagger_toystreet.py')
        with pytest.raises(
                ValueError,
                match='fmwiss_base_toystreet.py cannot take .*pipeline.6'):
            run_tool(*command, '--base', 'x.pth', '--cfg-options',
                     'train_dataloader.dataset.dataset.pipeline.6.prob=1')

    def test_faults(self, tmp_path):
        config = f'{REPO}/{FOLDER}/fmwiss_base_toystreet.py'
        with pytest.raises(ValueError, match='must set incremental = dict'):
            run_tool('tools/incremental.py', config)
        config = f'{REPO}/{FOLDER}/fmwiss_toystreet.py'
        with pytest.raises(ValueError, match='--masks names 2 folders'):
            run_tool('tools/incremental.py', config, '--masks', 'a', 'b')
        path = tmp_path / 'config.py'
        folder = f'{REPO}/{FOLDER}'
        path.write_text(f"_base_ = ['{config}']\n"
                        'incremental = dict('
                        f"base='{folder}/fmwiss_base_toystreet.py', "
                        f"tagger='{folder}/fmwiss_tagger_toystreet.py', "
                        "memory_bank=dict(per_class='all'))\n")
        with pytest.raises(
                ValueError,
                match='incremental.memory_bank of .*config.py: argument --per-'
                "class: invalid int value: 'all'"):
            run_tool('tools/incremental.py', path)


@pytest.mark.slow
def test_whole_task(toystreet, files, tmp_path):
    """All steps of two iterations each, killed once and run again."""
    for name in ('fmwiss_base_toystreet', 'fmwiss_tagger_toystreet',
                 'fmwiss_toystreet'):
        cfg = read_config(name, toystreet, files, tmp_path / name, 2)
        if name == 'fmwiss_toystreet':
            cfg.co_segmentor = dict(
                type='ClassActivationCoSegmentor',
                config=str(tmp_path / 'fmwiss_tagger_toystreet.py'),
                checkpoint=None)
        write(cfg, tmp_path / f'{name}.py')
    command = [
        sys.executable,
        osp.join(REPO, 'tools/incremental.py'),
        str(tmp_path / 'fmwiss_toystreet.py'), '--work-dir',
        str(tmp_path / 'task')
    ]
    state = tmp_path / 'task/state.json'
    process = subprocess.Popen(command, env=tool_environment())
    while not state.exists():
        assert process.poll() is None
    process.kill()
    process.wait()
    run_process(command)
    finished = json.loads(state.read_text())['finished']
    assert len(finished) == 5
    assert run_process(command).count(': finished') == 5


def test_dataset_of_the_step(toystreet, files):
    """Images and labels of images are what the labels say."""
    init_default_scope('mmseg')
    cfg = read_config('fmwiss_toystreet', toystreet, files, files)
    cfg.train_dataloader.dataset.dataset.without = ['pole']
    dataset = DATASETS.build(cfg.train_dataloader.dataset.dataset)
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        label = cv2.imread(info['img_path'].replace('images', 'annotations'),
                           -1)
        shown = set(np.unique(label).tolist())
        assert 8 not in shown
        expected = {4: 7, 6: 8, 7: 9}
        assert set(info['image_labels']) == {
            expected[c]
            for c in shown & set(expected)
        }
