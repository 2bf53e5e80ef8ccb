import json
import os
import os.path as osp
import shlex
import shutil
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import DATASETS, MODELS
from PIL import Image

from mmseg_ext.engine.offline.chain import Chain
from .method_battery import (MethodBattery, losses, metrics, scalars,
                             short_config, write)
from .tool_runner import REPO, run_process, run_tool, tool_environment

FOLDER = 'configs/bdl'


def point_to(cfg, toystreet):
    """Untranslated images and true labels, in place of what steps make."""
    dataset = cfg.train_dataloader.dataset
    if cfg.model.type == 'DomainAdaptation':
        dataset.source.data_root = str(toystreet / 'day')
    if 'seg_map_path' in dataset.target.data_prefix:
        dataset.target.data_prefix.seg_map_path = str(toystreet /
                                                      'dusk/annotations/train')
    return cfg


@pytest.mark.slow
class TestBDL(MethodBattery):
    config = f'{FOLDER}/bdl_toystreet.py'
    clip_option = 'optim_wrapper.clip_grad.adversaries.max_norm=1.0'

    @pytest.fixture
    def cfg(self, toystreet, tmp_path):
        cfg = short_config(self.config, toystreet, tmp_path / 'work',
                           self.iters)
        return point_to(cfg, toystreet)


@pytest.mark.slow
class TestCycleGAN(MethodBattery):
    """It predicts images, of which the inferencers know nothing.

    There is no test time augmentation and no segmentor to export. The stock
    FLOPs counter asks for a decode head.
    """
    config = f'{FOLDER}/cyclegan_toystreet.py'
    clip_option = 'optim_wrapper.clip_grad.generators.max_norm=1.0'

    def test_train_test_benchmark_export(self, cfg, path, tmp_path):
        run_tool('tools/train.py', path)
        self.cell('train')
        checkpoint = osp.join(cfg.work_dir, f'iter_{self.iters}.pth')
        run_tool('tools/test.py', path, checkpoint, '--work-dir',
                 tmp_path / 'test')
        assert 'color_shift' in metrics(tmp_path / 'test')
        self.cell('test')
        run_tool('tools/analysis_tools/benchmark.py',
                 self.many_images(cfg, tmp_path), checkpoint, '--work-dir',
                 tmp_path / 'benchmark')
        self.cell('benchmark')


def tiny(cfg):
    """Networks of a few parameters."""
    if cfg.model.type == 'CycleGAN':
        cfg.model.generator.update(ngf=4, num_blocks=1)
        cfg.model.discriminator.update(ndf=4)
    return cfg


@pytest.fixture
def short(toystreet, tmp_path):
    """Read a config, shortened, and save first weights of its model."""
    init_default_scope('mmseg')

    def read(name, **options):
        cfg = short_config(f'{FOLDER}/{name}.py', toystreet, tmp_path / name,
                           2)
        cfg = tiny(point_to(cfg, toystreet))
        cfg.merge_from_dict(options)
        torch.manual_seed(0)
        model = dict(
            cfg.model,
            perceptual=None) if cfg.model.get('perceptual') else cfg.model
        checkpoint = tmp_path / f'{name}.pth'
        torch.save(
            dict(meta={}, state_dict=MODELS.build(model).state_dict()),
            checkpoint)
        return cfg, write(cfg, tmp_path / f'{name}.py'), str(checkpoint)

    return read


class TestTranslate:

    def run(self, path, checkpoint, out, *args):
        run_tool('tools/translate_dataset.py', path, checkpoint, out,
                 '--workers', 0, '--device', 'cpu', *args)

    def test_is_a_drop_in_source(self, short, toystreet, tmp_path):
        _, path, checkpoint = short('cyclegan_toystreet')
        out = tmp_path / 'out'
        self.run(path, checkpoint, out)
        cfg, _, _ = short('bdl_translated_toystreet')
        source = cfg.train_dataloader.dataset.source
        original = DATASETS.build(source)
        source.data_root = str(out)
        translated = DATASETS.build(source)
        assert len(translated) == len(original) == 16
        for i in range(16):
            one, other = original.get_data_info(i), translated.get_data_info(i)
            images = [cv2.imread(x['img_path']) for x in (one, other)]
            labels = [cv2.imread(x['seg_map_path'], -1) for x in (one, other)]
            assert images[0].shape == images[1].shape
            assert (images[0] != images[1]).any()
            assert (labels[0] == labels[1]).all()
        assert json.loads((out / 'finished.json').read_text())['images'] == 16

    def test_is_what_the_generator_makes(self, short, toystreet, tmp_path):
        cfg, path, checkpoint = short('cyclegan_toystreet')
        self.run(path, checkpoint, tmp_path / 'out', '--branch', 'target')
        name = sorted(os.listdir(tmp_path / 'out/images/train'))[3]
        image = cv2.imread(str(toystreet / 'dusk/images/train' / name))
        model = MODELS.build(cfg.model)
        model.load_state_dict(torch.load(checkpoint)['state_dict'])
        fed = torch.from_numpy(image[..., ::-1] / 127.5 - 1).float()
        with torch.no_grad():
            made = model.generators['target2source'](
                fed.permute(2, 0, 1)[None])
        made = ((made[0].permute(1, 2, 0) + 1) * 127.5).round().numpy()
        written = cv2.imread(str(tmp_path / 'out/images/train' / name))
        assert np.abs(made[..., ::-1] - written).max() <= 1

    def test_goes_on_and_refuses_another_generator(self, short, tmp_path,
                                                   capsys):
        _, path, checkpoint = short('cyclegan_toystreet')
        out = tmp_path / 'out'
        self.run(path, checkpoint, out)
        files = sorted((out / 'images/train').iterdir())
        before = [file.stat().st_mtime_ns for file in files]
        files[5].unlink()
        capsys.readouterr()
        self.run(path, checkpoint, out)
        assert '1 of 16 images to translate' in capsys.readouterr().out
        after = [file.stat().st_mtime_ns for file in files]
        assert sum(a != b for a, b in zip(after, before)) == 1
        other = torch.load(checkpoint)
        other['state_dict'].popitem()
        torch.save(other, checkpoint)
        with pytest.raises(ValueError, match='was made with checkpoint'):
            self.run(path, checkpoint, out)

    def test_refuses_another_preprocessor(self, short, tmp_path):
        cfg, path, checkpoint = short('cyclegan_toystreet')
        out = tmp_path / 'out'
        self.run(path, checkpoint, out)
        cfg.model.data_preprocessor = dict(
            cfg.model.get('data_preprocessor') or {}, std=[300.] * 3)
        with pytest.raises(ValueError, match='with model.data_preprocessor '):
            self.run(write(cfg, path), checkpoint, out)

    def test_a_checkpoint_that_fails_leaves_the_folder_free(
            self, short, tmp_path):
        _, path, checkpoint = short('cyclegan_toystreet')
        torch.save(dict(state_dict={}), tmp_path / 'empty.pth')
        with pytest.raises(ValueError, match='does not fit'):
            self.run(path, tmp_path / 'empty.pth', tmp_path / 'out')
        self.run(path, checkpoint, tmp_path / 'out')

    def test_checkpoint_without_the_generator(self, short, tmp_path):
        """Discriminators and the other generator may be missing."""
        _, path, checkpoint = short('cyclegan_toystreet')
        state_dict = {
            f'module.{key}': value
            for key, value in torch.load(checkpoint)['state_dict'].items()
            if key.startswith('generators.source2target')
        }
        torch.save(dict(state_dict=state_dict), checkpoint)
        with pytest.raises(
                ValueError,
                match=f'CHECKPOINT {checkpoint} does not fit CONFIG .*: '
                "'generators.target2source.* the checkpoint has nothing"):
            self.run(path, checkpoint, tmp_path / 'no', '--branch', 'target')
        assert not (tmp_path / 'no/finished.json').exists()
        self.run(path, checkpoint, tmp_path / 'out')
        assert (tmp_path / 'out/finished.json').exists()

    def test_wrong_places(self, short, toystreet, tmp_path):
        _, path, checkpoint = short('cyclegan_toystreet')
        with pytest.raises(ValueError, match='lies in the data set'):
            self.run(path, checkpoint, toystreet / 'day/translated')
        # they would be written into the source, or beside OUT
        (tmp_path / 'out/images').mkdir(parents=True)
        (tmp_path / 'out/images/train').symlink_to(toystreet /
                                                   'day/images/train')
        with pytest.raises(ValueError, match='not below OUT .*/out: expected'):
            self.run(path, checkpoint, tmp_path / 'out')
        cfg, path, _ = short('cyclegan_toystreet')
        cfg.train_dataloader.dataset.source.data_prefix.img_path = str(
            toystreet / 'dusk/images/train')
        with pytest.raises(ValueError, match='images below data_root'):
            self.run(write(cfg, path), checkpoint, tmp_path / 'aside/out')
        _, path, checkpoint = short('bdl_translated_toystreet')
        with pytest.raises(ValueError, match='expected is a CycleGAN'):
            self.run(path, checkpoint, tmp_path / 'out')

    def test_several_roots(self, short, toystreet, tmp_path):
        """Labels of one would be linked, or be those of other images."""
        cfg, path, checkpoint = short('cyclegan_toystreet')
        sources = cfg.train_dataloader.dataset
        both = dict(
            type='ConcatDataset', datasets=[sources.source, sources.target])
        sources.source = dict(type='RepeatDataset', times=1, dataset=both)
        with pytest.raises(
                ValueError,
                match=r'dataset\.source has the data_roots .*/day, .*/dusk, '
                'expected is one: translate them one by one'):
            self.run(write(cfg, path), checkpoint, tmp_path / 'out')
        sources.source.dataset.datasets[1].update(
            data_root=None,
            data_prefix=dict(img_path=str(toystreet / 'dusk/images/train')))
        with pytest.raises(
                ValueError,
                match=r'source\.dataset\.datasets\.1\.data_root is None: exp'):
            self.run(write(cfg, path), checkpoint, tmp_path / 'out')
        assert not (tmp_path / 'out').exists()

    @pytest.mark.parametrize('root, image, label', [
        ('all', '', ''),
        ('all/images', 'train', '../annotations/train'),
        ('all/images/train', '', '../../annotations/train'),
    ])
    def test_labels_that_no_link_leads_to(self, short, toystreet, tmp_path,
                                          root, image, label):
        shutil.copytree(toystreet / 'day', tmp_path / 'all')
        if root == 'all':  # both in one folder
            for file in (tmp_path / 'all/annotations/train').iterdir():
                shutil.copy(file, tmp_path / 'all')
                cv2.imwrite(
                    str(tmp_path / 'all' / f'{file.stem}.jpg'),
                    cv2.imread(str(tmp_path / 'all/images/train' / file.name)))
        cfg, path, checkpoint = short('cyclegan_toystreet')
        cfg.train_dataloader.dataset.source = dict(
            type='BaseSegDataset',
            data_root=str(tmp_path / root),
            data_prefix=dict(img_path=image, seg_map_path=label),
            img_suffix='.jpg' if root == 'all' else '.png')
        with pytest.raises(
                ValueError,
                match='data_prefix.seg_map_path of .*source has the label'):
            self.run(write(cfg, path), checkpoint, tmp_path / 'out')
        assert not (tmp_path / 'out').exists()

    def test_several_folders(self, short, toystreet, tmp_path):
        """No image is written through a link to the folder of another."""
        data, out = tmp_path / 'day', tmp_path / 'out'
        shutil.copytree(toystreet / 'day', data)
        (data / 'images/notes').mkdir()
        for folder in ('more/deep', 'other/deep'):
            shutil.copytree(data / 'images/val', data / folder)
        image = cv2.imread(str(next((data / 'more/deep').iterdir())))
        cv2.imwrite(str(data / 'more/a.jpg'), image)
        cfg, path, checkpoint = short('cyclegan_toystreet')
        source = dict(cfg.train_dataloader.dataset.source, data_root=str(data))
        folders = {
            'images/train': '.png',
            'images/val': '.png',
            'more/deep': '.png',
            'more': '.jpg',
            'other/deep': '.png'
        }
        cfg.train_dataloader.dataset.source = dict(
            type='ConcatDataset',
            datasets=[
                dict(source, data_prefix=dict(img_path=x), img_suffix=suffix)
                for x, suffix in folders.items()
            ])
        files = {x: x.read_bytes() for x in data.rglob('*.*')}
        self.run(write(cfg, path), checkpoint, out)
        assert {x: x.read_bytes() for x in data.rglob('*.*')} == files
        images = [
            x for x in files
            if x.relative_to(data).parts[0] in ('images', 'more', 'other')
        ]
        assert len(images) == 16 + 3 * 4 + 1
        for image in images:
            name = image.relative_to(data).with_suffix('.png')
            made = (out / name).resolve()
            assert made == out.resolve() / name
            assert made.read_bytes() != files[image]
        assert sorted(os.listdir(out / 'more')) == ['a.png', 'deep']
        for name in ('annotations', 'images/notes'):
            assert (out / name).resolve() == (data / name).resolve()

    @pytest.mark.slow
    def test_two_processes(self, short, tmp_path):
        _, path, checkpoint = short('cyclegan_toystreet')
        out = tmp_path / 'out'
        run_process([
            sys.executable, '-m', 'torch.distributed.run', '--standalone',
            '--nproc_per_node=2',
            osp.join(REPO, 'tools/translate_dataset.py'), path, checkpoint,
            str(out), '--launcher', 'pytorch', '--workers', '0'
        ])
        assert len(list((out / 'images/train').iterdir())) == 16


class TestPseudoLabels:

    def run(self, path, checkpoint, out, *args):
        run_tool('tools/make_pseudo_labels.py', path, checkpoint, out,
                 '--workers', 0, '--device', 'cpu', *args)

    def read(self, out, folder):
        return np.stack(
            [cv2.imread(str(x), -1) for x in sorted((out / folder).iterdir())])

    def test_against_the_network(self, short, tmp_path):
        """Softmax on the grid of the head, upsampled; medians of classes."""
        cfg, path, checkpoint = short('bdl_toystreet')
        out = tmp_path / 'out'
        self.run(path, checkpoint, out)
        model = MODELS.build(cfg.model).eval()
        model.load_state_dict(torch.load(checkpoint)['state_dict'])
        target = cfg.train_dataloader.dataset.target
        target.pipeline = [
            dict(type='LoadImageFromFile'),
            dict(type='PackSegInputs')
        ]
        labels, confidence = [], []
        for sample in DATASETS.build(target):
            fed = model.data_preprocessor(
                dict(
                    inputs=[sample['inputs']],
                    data_samples=[sample['data_samples']]))['inputs']
            with torch.no_grad():
                prob = model._forward(fed).softmax(1)
            prob = torch.nn.functional.interpolate(
                prob, fed.shape[2:], mode='bilinear')[0]
            labels.append(prob.argmax(0).numpy())
            confidence.append(prob.max(0)[0].numpy())
        labels, confidence = np.stack(labels), np.stack(confidence)
        assert (self.read(out, 'predictions') == labels).mean() > 0.9999
        found = self.read(out, 'confidences') / 65535
        assert np.abs(found - confidence).max() < 1e-4
        kept = self.read(out, 'labels')
        report = json.loads((out / 'report.json').read_text())
        for i in np.unique(labels):
            values = np.sort(confidence[labels == i])
            median = values[min(round(0.5 * len(values)), len(values) - 1)]
            row = report[str(i)]
            assert row['threshold'] == pytest.approx(
                min(median, 0.9), abs=1e-4)
            assert (kept == i).sum() == row['kept']
            assert row['kept'] >= row['predicted'] // 2
        chosen = kept != 255
        assert (kept[chosen] == labels[chosen]).mean() > 0.9999

    def test_checkpoints_that_do_not_fit(self, short, tmp_path):
        _, path, checkpoint = short('bdl_toystreet')
        whole = torch.load(checkpoint)['state_dict']
        plain = {
            key[len('segmentor.'):]: value
            for key, value in whole.items() if key.startswith('segmentor.')
        }
        backbone = {k: v for k, v in plain.items() if 'backbone' in k}
        fewer = {k: v[:5] if 'conv_seg' in k else v for k, v in plain.items()}
        head = r"'segmentor\.decode_head\.conv_seg\.weight' .*\(9, .*"
        for state_dict, message in ((backbone, 'has nothing'),
                                    (fewer, head + r'has \(5, ')):
            torch.save(state_dict, checkpoint)
            with pytest.raises(ValueError, match=f'not fit .*{message}'):
                self.run(path, checkpoint, tmp_path / message[:3])
            assert not list(tmp_path.rglob('finished.json'))
        torch.save({
            k: v
            for k, v in plain.items() if 'auxiliary' not in k
        }, checkpoint)
        self.run(path, checkpoint, tmp_path / 'out')
        assert (tmp_path / 'out/finished.json').exists()

    def test_goes_on(self, short, tmp_path, capsys):
        cfg, path, checkpoint = short('bdl_toystreet')
        out = tmp_path / 'out'
        truth = osp.join(cfg.val_dataloader.dataset.data_root,
                         'annotations/train')
        self.run(path, checkpoint, out, '--fixed', 0.2, '--truth', truth)
        self.check_report(out, truth)
        labels = self.read(out, 'labels')
        name = sorted(os.listdir(out / 'confidences'))[2]
        for folder in ('confidences', 'labels'):
            (out / folder / name).unlink()
        capsys.readouterr()
        self.run(path, checkpoint, out, '--fixed', 0.2)
        assert '1 of 16 images to predict' in capsys.readouterr().out
        assert (self.read(out, 'labels') == labels).all()
        with pytest.raises(ValueError, match='was made with fixed 0.2'):
            self.run(path, checkpoint, out, '--fixed', 0.3)

    def test_refuses_another_preprocessor(self, short, tmp_path):
        cfg, path, checkpoint = short('bdl_toystreet')
        out = tmp_path / 'out'
        self.run(path, checkpoint, out)
        with pytest.raises(
                ValueError, match='with model.segmentor.data_preprocessor '):
            self.run(path, checkpoint, out, '--cfg-options',
                     'model.segmentor.data_preprocessor.std=[300.,300.,300.]')

    def test_truth_with_a_palette(self, short, tmp_path):
        """And colours are refused ahead of the predictions."""
        cfg, path, checkpoint = short('bdl_toystreet')
        root = cfg.val_dataloader.dataset.data_root
        truth, colours = tmp_path / 'truth', tmp_path / 'colours'
        truth.mkdir()
        colours.mkdir()
        for name in os.listdir(osp.join(root, 'annotations/train')):
            label = Image.open(osp.join(root, 'annotations/train', name))
            label.convert('RGB').save(colours / name)
            label.putpalette(list(range(256)) * 3)
            label.save(truth / name)
        out = tmp_path / 'out'
        with pytest.raises(AssertionError, match='--truth: .* 3 colour chan'):
            self.run(path, checkpoint, out, '--truth', colours)
        assert not (out / 'predictions').exists()
        self.run(path, checkpoint, out, '--truth', truth)
        self.check_report(out, osp.join(root, 'annotations/train'))

    def check_report(self, out, truth):
        """Shares of right pixels against the true labels."""
        report = json.loads((out / 'report.json').read_text())
        wanted = np.stack([
            cv2.imread(osp.join(truth, name), -1)
            for name in sorted(os.listdir(out / 'labels'))
        ])
        predicted = self.read(out, 'predictions')
        kept = self.read(out, 'labels')
        valid = wanted != 255
        for label, row in enumerate(report.values()):
            for key, maps in (('accuracy', predicted), ('kept_accuracy',
                                                        kept)):
                mine = valid & (maps == label)
                right = (mine & (wanted == label)).sum()
                assert row[key] == pytest.approx(right / max(mine.sum(), 1))

    def test_labels_have_the_size_of_the_images(self, short, tmp_path):
        """Predicted at half the size, from logits and from probabilities."""
        cfg, path, checkpoint = short('bdl_toystreet')
        cfg.test_dataloader.dataset.pipeline = [
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(64, 48)),
            dict(type='LoadAnnotations'),
            dict(type='PackSegInputs')
        ]
        path = write(cfg, path)
        for i, kind in enumerate(('probability', 'logits')):
            out = tmp_path / kind
            self.run(path, checkpoint, out, '--upsample', kind)
            assert self.read(out, 'labels').shape == (16, 96, 128)

    def test_train_on_them(self, short, tmp_path):
        cfg, path, checkpoint = short('bdl_toystreet')
        self.run(path, checkpoint, tmp_path / 'out')
        cfg.train_dataloader.dataset.target.data_prefix.seg_map_path = str(
            tmp_path / 'out/labels')
        run_tool('tools/train.py', write(cfg, path))
        assert len(losses(cfg.work_dir)) == 2

    def test_names_that_would_collide(self, short, toystreet, tmp_path):
        cfg, path, checkpoint = short('bdl_toystreet')
        for folder in ('one', 'other'):
            os.makedirs(tmp_path / folder)
            shutil.copy(
                next((toystreet / 'dusk/images/train').iterdir()),
                tmp_path / folder / 'a.png')
        target = dict(cfg.train_dataloader.dataset.target)
        target.update(data_root=str(tmp_path))
        cfg.train_dataloader.dataset.target = dict(
            type='ConcatDataset',
            datasets=[
                dict(target, data_prefix=dict(img_path=folder))
                for folder in ('one', 'other')
            ])
        with pytest.raises(
                ValueError,
                match='other/a.png and .*one/a.png would both become a.png'):
            self.run(write(cfg, path), checkpoint, tmp_path / 'out')

    def test_slide_inference(self, short, tmp_path):
        _, path, checkpoint = short('bdl_toystreet')
        slide = dict(mode='slide', crop_size=(48, 48), stride=(32, 32))
        with pytest.raises(ValueError, match='give --upsample logits'):
            cfg = Config.fromfile(path)
            cfg.model.segmentor.test_cfg = slide
            self.run(write(cfg, path), checkpoint, tmp_path / 'out')


class TestPlan:

    def plan(self, *args, capsys):
        run_tool('tools/bdl.py', f'{REPO}/{FOLDER}/bdl_toystreet.py',
                 '--dry-run', *args)
        return capsys.readouterr().out.splitlines()

    def test_dry_run(self, tmp_path, capsys):
        lines = self.plan(
            '--rounds', 1, '--inner', 1, '--work-dir', tmp_path, capsys=capsys)
        names = [line.split()[0] for line in lines[::2]]
        assert names == [
            f'round{k}/{step}' for k in (0, 1)
            for step in ('translation', 'translated', 'segmentation0',
                         'pseudo_labels1', 'segmentation1')
        ]
        commands = [line.strip() for line in lines[1::2]]
        assert 'perceptual' not in commands[0]
        last = f'{tmp_path}/round0/segmentation1/iter_1500.pth'
        assert f'model.perceptual.checkpoint={last}' in commands[5]
        for command in commands[7:10:2]:
            assert f'source.data_root={tmp_path}/round1/tr' in command
        assert not (tmp_path / 'state.json').exists()

    def test_flags(self, tmp_path, capsys):
        lines = self.plan(
            '--rounds',
            1,
            '--inner',
            0,
            '--translated',
            'data/toystreet/day',
            '--no-perceptual',
            '--gpus',
            4,
            '--work-dir',
            tmp_path,
            capsys=capsys)
        names = [line.split()[0] for line in lines[::2]]
        assert names == [
            'round0/segmentation0', 'round1/translation', 'round1/translated',
            'round1/segmentation0'
        ]
        assert 'dist_train.sh' in lines[1] and ' 4 ' in lines[1]
        assert '--nproc_per_node=4' in lines[5]
        assert not any('perceptual' in line for line in lines)

    def test_cfg_options(self, tmp_path, capsys):
        option = 'train_dataloader.dataset.target.img_suffix=.jpg'
        lines = self.plan(
            '--rounds',
            0,
            '--inner',
            1,
            '--work-dir',
            tmp_path,
            '--cfg-options',
            option,
            capsys=capsys)
        assert len(lines) == 10
        assert all(f' {option}' in line for line in lines[1::2])

    @pytest.fixture
    def variant(self, tmp_path):
        """Write a config that differs; ``--dry-run`` is run on it."""

        def make(text, *args):
            names = ('translation', 'perceptual_translation', 'adversarial')
            files = ('cyclegan', 'cyclegan_perceptual', 'bdl_adversarial')
            path = tmp_path / 'variant.py'
            folder = f'{REPO}/{FOLDER}'
            field = {
                name: f'{folder}/{file}_toystreet.py'
                for name, file in zip(names, files)
            }
            path.write_text(f"_base_ = ['{folder}/bdl_toystreet.py']\n"
                            f'bdl = {field}\n{text}\n')
            run_tool('tools/bdl.py', path, '--dry-run', '--rounds', 0,
                     '--work-dir', tmp_path / 'loop', *args)

        return make

    def test_options_that_a_tool_does_not_take(self, variant):
        with pytest.raises(
                ValueError,
                match='bdl.translate of .*variant.py: argument --size: .*net'):
            variant("bdl['pseudo_labels'] = dict(fixed=None, cap=0.8)\n"
                    "bdl['translate'] = dict(size='net')")

    def test_wrapped_sources(self, variant, tmp_path, capsys):
        """Each data set gets the folder of the images, and the labels."""
        dataset = 'train_dataloader.dataset'
        variant(
            f'both = [_base_.{dataset}.source] * 2\n'
            'source = dict(_delete_=True, type="RepeatDataset", times=2, '
            'dataset=dict(type="ConcatDataset", datasets=both))\n'
            f'target = dict(_delete_=True, type="RepeatDataset", times=2, '
            f'dataset=_base_.{dataset}.target)\n'
            'train_dataloader = dict(dataset=dict(source=source, '
            'target=target))', '--inner', 1)
        last = shlex.split(capsys.readouterr().out.splitlines()[-1])
        loop = tmp_path / 'loop/round0'
        assert last[-3:] == [
            f'{dataset}.source.dataset.datasets.0.data_root={loop}/translated',
            f'{dataset}.source.dataset.datasets.1.data_root={loop}/translated',
            f'{dataset}.target.dataset.data_prefix.seg_map_path='
            f'{loop}/pseudo_labels1/labels'
        ]
        cfg = Config.fromfile(str(tmp_path / 'variant.py'))
        cfg.merge_from_dict(dict(x.split('=') for x in last[-3:]))
        source = cfg.train_dataloader.dataset.source.dataset
        assert source.datasets[1].data_root == f'{loop}/translated'

    @pytest.mark.parametrize('option, message', [
        ('train_dataloader.dataset.source.data_prefix.img_path=/data',
         r'source\.data_prefix\.img_path of .*adversarial.* is .*/data'),
        ('train_dataloader.dataset.source.data_root=',
         r'cyclegan_toystreet.py: train.*source\.data_root is .*: expected'),
    ])
    def test_sources_that_do_not_move(self, variant, option, message):
        with pytest.raises(ValueError, match=message):
            variant('', '--inner', 0, '--cfg-options', option)

    def test_photographs_become_pngs(self, variant, capsys):
        field = 'train_dataloader.dataset.source'
        text = f'_base_.{field}.img_suffix = ".jpg"'
        variant(text, '--inner', 1)
        lines = capsys.readouterr().out.splitlines()
        assert f'{field}.img_suffix=.png' in shlex.split(lines[-1])
        variant(text, '--inner', 1, '--translated', 'data/photographs')
        lines = capsys.readouterr().out.splitlines()
        assert 'img_suffix' not in lines[-1]

    def test_a_list_of_photographs(self, variant, tmp_path):
        """Found in the folder that is translated, ahead of all training."""
        (tmp_path / 'list.txt').write_text('a.jpg\n')
        field = '_base_.train_dataloader.dataset.source'
        path = tmp_path / 'cyclegan.py'
        path.write_text(f"_base_ = ['{REPO}/{FOLDER}/cyclegan_toystreet.py']\n"
                        f"{field}.data_root = '{tmp_path}'\n")
        with pytest.raises(
                ValueError, match='source.ann_file .*list.txt names a.jpg'):
            variant(f"bdl['translation'] = '{path}'\n"
                    f"{field}.ann_file = 'list.txt'")

    def test_config_without_the_field(self, tmp_path):
        with pytest.raises(ValueError, match='must set bdl = dict'):
            run_tool('tools/bdl.py',
                     f'{REPO}/{FOLDER}/bdl_translated_toystreet.py')


@pytest.mark.slow
def test_whole_loop(short, toystreet, tmp_path):
    """Two rounds of two iterations a training, killed once, run again."""
    for name in ('cyclegan_toystreet', 'cyclegan_perceptual_toystreet',
                 'bdl_adversarial_toystreet', 'bdl_toystreet'):
        short(name)
    command = [
        sys.executable,
        osp.join(REPO, 'tools/bdl.py'),
        str(tmp_path / 'bdl_toystreet.py'), '--rounds', '1', '--inner', '1',
        '--work-dir',
        str(tmp_path / 'loop')
    ]
    state = tmp_path / 'loop/state.json'
    process = subprocess.Popen(command, env=tool_environment())
    while 'round0/translation' not in Chain(str(state.parent)).finished():
        assert process.poll() is None
        time.sleep(0.2)
    process.kill()
    process.wait()
    first = json.loads(state.read_text())['finished']['round0/translation']
    run_process(command)
    finished = json.loads(state.read_text())['finished']
    assert len(finished) == 10
    assert finished['round0/translation'] == first
    stamp = state.stat().st_mtime_ns
    assert run_process(command).count(': finished') == 10
    assert state.stat().st_mtime_ns == stamp


@pytest.mark.slow
def test_two_processes_make_the_same_files(short, toystreet, tmp_path):
    """The loop on two ranks; offline steps as one process does them."""
    for name in ('cyclegan_toystreet', 'cyclegan_perceptual_toystreet',
                 'bdl_adversarial_toystreet', 'bdl_toystreet'):
        short(name)
    loop = tmp_path / 'loop/round0'
    run_process([
        sys.executable,
        osp.join(REPO, 'tools/bdl.py'),
        str(tmp_path / 'bdl_toystreet.py'), '--rounds', '0', '--inner', '1',
        '--gpus', '2', '--work-dir',
        str(tmp_path / 'loop')
    ])
    run_tool('tools/translate_dataset.py', tmp_path / 'cyclegan_toystreet.py',
             loop / 'translation/iter_2.pth', tmp_path / 'one')
    run_tool('tools/make_pseudo_labels.py',
             tmp_path / 'bdl_adversarial_toystreet.py',
             loop / 'segmentation0/iter_2.pth', tmp_path / 'labels')
    for one, two in ((tmp_path / 'one/images/train',
                      loop / 'translated/images/train'),
                     (tmp_path / 'labels/labels',
                      loop / 'pseudo_labels1/labels')):
        files = sorted(one.iterdir())
        assert len(files) == 16
        for file in files:
            assert file.read_bytes() == (two / file.name).read_bytes()
    reports = [(folder / 'report.json').read_text()
               for folder in (tmp_path / 'labels', loop / 'pseudo_labels1')]
    assert reports[0] == reports[1]


def test_perceptual_training(short, toystreet, tmp_path):
    """A short run of the second round, with a judge."""
    segmentor, _, weights = short('bdl_translated_toystreet')
    cfg, path, _ = short('cyclegan_perceptual_toystreet')
    cfg.model.perceptual.checkpoint = weights
    cfg.model.judge = dict(
        segmentor=segmentor.model.segmentor, checkpoint=weights)
    cfg.val_evaluator = [cfg.val_evaluator, dict(type='IoUMetric')]
    run_tool('tools/train.py', write(cfg, path))
    saved = torch.load(f'{cfg.work_dir}/iter_2.pth')['state_dict']
    assert not any('perceptual' in key or 'judge' in key for key in saved)
    rows = scalars(cfg.work_dir)
    assert {'mIoU', 'color_shift'} <= set(rows[-1])
    assert any('source.loss_perceptual' in row for row in rows)
    assert list(tmp_path.rglob('vis_data/translations/iter_1.png'))


def test_perceptual_training_needs_a_checkpoint(short):
    cfg, _, _ = short('cyclegan_perceptual_toystreet')
    cfg.model.perceptual.checkpoint = None
    with pytest.raises(ValueError, match='model.perceptual.checkpoint is No'):
        Runner.from_cfg(cfg).train()
