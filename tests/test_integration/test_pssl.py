"""Pre-training on explanations, and fine-tuning, by the stock tools."""
import os.path as osp

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_ext.engine.offline import (ClassifiedImage, ExplanationStore,
                                      OfflineCache)
from .method_battery import (MethodBattery, losses, metrics, relocate,
                             short_config, write)
from .tool_runner import STOCK_TOOLS, run_tool

FOLDER = 'configs/pssl'
CLASSES = ['tree', 'car', 'pedestrian', 'sign', 'pole']


@pytest.fixture(scope='session')
def explained(tmp_path_factory):
    """Two images of each class, with maps of nothing but noise."""
    root = tmp_path_factory.mktemp('explained')
    rng = np.random.default_rng(0)
    out = ExplanationStore(
        OfflineCache(
            str(root / 'pssl_toystreet'),
            dict(store='decile', classes=CLASSES)))
    images = []
    for label, name in enumerate(CLASSES):
        for i in range(2):
            path = root / 'toystreet_crops' / 'train' / name / f'{i}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), rng.integers(0, 256, (64, 64, 3), np.uint8))
            images.append(ClassifiedImage(str(path), f'{name}/{i}.png', label))
            deciles = rng.integers(0, 10, (64, 64)).astype(np.uint8)
            out.write(images[-1], deciles, {}, {})
    assert out.finish(images)['images'] == 10
    return root


class TestPSSL(MethodBattery):
    """A pre-training on labels of another kind has no validation.

    Test, augmentation, benchmark and inferencers are for the segmentor that is
    fine-tuned: what is exported trains and tests one.
    """
    config = f'{FOLDER}/pssl_pretrain_toystreet.py'
    finetune = f'{FOLDER}/pssl_toystreet.py'

    @pytest.fixture
    def cfg(self, toystreet, explained, tmp_path):
        cfg = short_config(self.config, toystreet, tmp_path / 'work',
                           self.iters)
        cfg = Config(relocate(cfg.to_dict(), 'data', str(explained)))
        cfg.train_dataloader.batch_size = 4
        cfg.default_hooks.export_pretrained.path = None
        cfg.model.backbone.pop('init_cfg')
        cfg.work_dir = str(tmp_path / 'work')
        return cfg

    def test_train_test_benchmark_export(self, cfg, path, toystreet, tmp_path):
        run_tool('tools/train.py', path)
        self.cell('train')
        run_tool('tools/analysis_tools/get_flops.py', path, '--shape', 64, 64)
        self.cell('FLOPs')
        # the tool writes what the hook has written
        exported = osp.join(cfg.work_dir, 'pretrained.pth')
        again = tmp_path / 'again.pth'
        run_tool('tools/model_converters/export_pretrained.py', path,
                 osp.join(cfg.work_dir, f'iter_{self.iters}.pth'), again)
        one, other = (torch.load(x)['state_dict'] for x in (exported, again))
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one)
        assert not any('conv_seg' in key for key in one)
        self.check_finetune(exported, toystreet, tmp_path)
        self.cell('export')

    def check_finetune(self, exported, toystreet, tmp_path):
        """The stock tool trains the plain segmentor on; then it is tested."""
        cfg = short_config(self.finetune, toystreet, tmp_path / 'fine', 4)
        cfg.load_from = exported
        cfg.train_dataloader.dataset.dataset.ann_file = ''
        path = write(cfg, tmp_path / 'finetune.py')
        run_tool(osp.join(STOCK_TOOLS, 'train.py'), path)
        log, = (tmp_path / 'fine').glob('*/*.log')
        line, = (
            text for text in log.read_text().splitlines()
            if 'weights; from random ones start' in text)
        assert line.endswith('start: decode_head.conv_seg.weight, '
                             'decode_head.conv_seg.bias.')
        last = tmp_path / 'fine' / 'iter_4.pth'
        run_tool('tools/test.py', path, last, '--work-dir', tmp_path / 'ft')
        assert 'mIoU' in metrics(tmp_path / 'ft')
        assert len(losses(tmp_path / 'fine')) == 4

    @pytest.mark.slow
    @pytest.mark.parametrize(
        'options', [
            ('--amp', ),
            ('--cfg-options', 'optim_wrapper.accumulative_counts=2'),
        ],
        ids=['amp', 'accumulation and clipping'])
    def test_train_options(self, cfg, path, options):
        super().test_train_options(cfg, path, options)

    @pytest.mark.slow
    def test_stock_train_tool(self, path):
        super().test_stock_train_tool(path)

    @pytest.mark.slow
    def test_resume_after_kill_is_exact(self, cfg, path, tmp_path):
        super().test_resume_after_kill_is_exact(cfg, path, tmp_path)

    @pytest.mark.slow
    def test_two_processes(self, cfg, path):
        super().test_two_processes(cfg, path)


def test_padding_that_one_part_takes_for_a_class(toystreet, explained,
                                                 tmp_path):
    cfg = short_config(TestPSSL.config, toystreet, tmp_path / 'work', 2)
    cfg = Config(relocate(cfg.to_dict(), 'data', str(explained)))
    cfg.model.backbone.pop('init_cfg')
    cfg.model.data_preprocessor.seg_pad_val = 255
    path = write(cfg, tmp_path / 'config.py')
    with pytest.raises(ValueError, match='seg_pad_val is 255, but .* 6'):
        run_tool('tools/train.py', path)


def test_classifiers_train_by_the_same_tool(explained, tmp_path):
    """In the scope of mmpretrain."""
    pytest.importorskip('mmpretrain.models')
    cfg = Config.fromfile(f'{FOLDER}/classifier_resnet-v1c_toystreet.py')
    cfg = Config(
        relocate(cfg.to_dict(), 'data/toystreet_crops',
                 str(explained / 'toystreet_crops')))
    for name in ('train', 'val', 'test'):
        cfg[f'{name}_dataloader'].update(
            batch_size=4, num_workers=0, persistent_workers=False)
        cfg[f'{name}_dataloader'].dataset.data_prefix = 'train'
    cfg.train_cfg.update(max_iters=2, val_interval=2)
    cfg.default_hooks.checkpoint.interval = 2
    cfg.work_dir = str(tmp_path)
    run_tool('tools/train.py', write(cfg, tmp_path / 'classifier.py'))
    state = torch.load(tmp_path / 'iter_2.pth')['state_dict']
    # pssl_classifier_toystreet.py takes the backbone out of it
    init_default_scope('mmseg')
    plain = Config.fromfile(f'{FOLDER}/pssl_classifier_toystreet.py').model
    plain.backbone.init_cfg.checkpoint = str(tmp_path / 'iter_2.pth')
    model = MODELS.build(plain)
    model.init_weights()
    for key, value in model.backbone.state_dict().items():
        assert torch.equal(value, state[f'backbone.{key}']), key
