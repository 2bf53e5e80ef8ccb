"""Pre-training, and fine-tuning on what it leaves, by the stock tools."""
import os.path as osp

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from .method_battery import (MethodBattery, losses, metrics, relocate,
                             short_config, write)
from .tool_runner import STOCK_TOOLS, run_tool

FOLDER = 'configs/denoising_pretraining'


class DenoisingBattery(MethodBattery):
    """Denoising, and the fine-tuning behind it."""

    finetune = f'{FOLDER}/dep_toystreet.py'

    @pytest.fixture
    def cfg(self, toystreet, tmp_path):
        cfg = short_config(self.config, toystreet, tmp_path / 'work',
                           self.iters)
        cfg = Config(
            relocate(cfg.to_dict(), 'data/unlabeled_toystreet',
                     str(toystreet)))
        cfg.default_hooks.export_pretrained.path = None
        cfg.default_hooks.denoising_visualization.interval = 2
        cfg.model.segmentor.backbone.pop('init_cfg', None)
        cfg.work_dir = str(tmp_path / 'work')
        return cfg

    def test_train_test_benchmark_export(self, cfg, path, toystreet, tmp_path):
        run_tool('tools/train.py', path)
        work_dir = cfg.work_dir
        checkpoint = osp.join(work_dir, f'iter_{self.iters}.pth')
        self.cell('train')
        assert len(
            list((
                tmp_path /
                'work').glob('*/vis_data/denoising/*.png'))) == self.iters // 2
        run_tool('tools/test.py', path, checkpoint, '--work-dir',
                 tmp_path / 'test')
        figures = metrics(tmp_path / 'test')
        assert {'mse_noise', 'psnr', 'psnr_noisy', 'gain'} <= set(figures)
        self.cell('test')
        run_tool('tools/analysis_tools/benchmark.py',
                 self.many_images(cfg, tmp_path), checkpoint, '--work-dir',
                 tmp_path / 'benchmark')
        self.cell('benchmark')
        run_tool('tools/analysis_tools/get_flops.py', path, '--shape', 64, 64)
        self.cell('FLOPs')

        # the tool writes what the hook has written
        exported = osp.join(work_dir, 'pretrained.pth')
        again = tmp_path / 'again.pth'
        run_tool('tools/model_converters/export_pretrained.py', path,
                 checkpoint, again)
        one, other = (torch.load(x)['state_dict'] for x in (exported, again))
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one)
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


class TestDeP(DenoisingBattery):
    """A pre-training predicts noise.

    There is no test time augmentation and nothing for an inferencer to draw.
    What is exported trains and tests a plain segmentor.
    """
    config = f'{FOLDER}/dep_pretrain_toystreet.py'


class TestDDeP(DenoisingBattery):
    """As DeP; what is frozen stays to the bit, in every option."""
    config = f'{FOLDER}/ddep_pretrain_toystreet.py'
    finetune = f'{FOLDER}/ddep_toystreet.py'

    @pytest.mark.slow
    def test_stock_train_tool(self, path):
        super().test_stock_train_tool(path)

    @pytest.mark.slow
    def test_resume_after_kill_is_exact(self, cfg, path, tmp_path):
        super().test_resume_after_kill_is_exact(cfg, path, tmp_path)

    def test_two_processes(self, cfg, path):
        super().test_two_processes(cfg, path)
        state = torch.load(osp.join(cfg.work_dir, f'iter_{self.iters}.pth'))
        half = torch.load(
            osp.join(cfg.work_dir, f'iter_{self.iters // 2}.pth'))
        moved = {
            key.split('.')[1]
            for key, value in state['state_dict'].items()
            if not torch.equal(value, half['state_dict'][key])
        }
        assert moved == {'decode_head'}


def test_load_by_init_cfg(tmp_path):
    """The other way into a stock config, without load_from."""
    cfg = Config.fromfile(f'{FOLDER}/dep_pretrain_toystreet.py')
    algorithm = MODELS.build(cfg.model)
    state, dropped = algorithm.pretrained_state_dict()
    torch.save(dict(state_dict=state, meta={}), tmp_path / 'p.pth')
    plain = Config.fromfile(f'{FOLDER}/random_toystreet.py').model
    plain.init_cfg = dict(
        type='Pretrained', checkpoint=str(tmp_path / 'p.pth'))
    model = MODELS.build(plain)
    model.init_weights()
    for key, value in model.state_dict().items():
        assert key in dropped or torch.equal(value, state[key]), key
