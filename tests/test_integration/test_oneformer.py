import os.path as osp

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from .method_battery import (MethodBattery, metrics, relocate, run_tool,
                             scalars, short_config, write)
from .tool_runner import REPO

pytest.importorskip('mmdet')

from mmseg_ext.datasets.panoptic_instances import \
    write_toystreet_instances  # noqa: E402


def small(cfg):
    """Images of their own size, and fewer points."""
    for pipeline in (cfg.train_dataloader.dataset.dataset.pipeline,
                     cfg.val_dataloader.dataset.pipeline,
                     cfg.test_dataloader.dataset.pipeline):
        for transform in pipeline:
            if 'scale' in transform:
                transform['scale'] = (128, 96)
            if 'crop_size' in transform:
                transform['crop_size'] = (96, 128)
    cfg.model.train_cfg.num_points = 128
    cfg.train_dataloader.batch_size = 2
    return cfg


@pytest.mark.slow
def test_learns_two_images_by_heart(tmp_path, monkeypatch):
    """PQ, AP and mIoU rise, each with the token of its task."""
    from mmseg_ext.datasets.toystreet_generator import generate
    root = tmp_path / 'data/toystreet10'
    generate(str(root), num_train=2, num_val=1)
    write_toystreet_instances(str(root))
    cfg = Config.fromfile(
        osp.join(REPO,
                 'configs/oneformer/oneformer_600_toystreet10-144x192.py'))
    cfg = Config(relocate(cfg.to_dict(), 'data/toystreet10', str(root)))
    cfg.train_cfg.max_iters = cfg.train_cfg.val_interval = 200
    cfg.param_scheduler[0].end = 200
    cfg.default_hooks.checkpoint.interval = 200
    cfg.work_dir = str(tmp_path / 'work')
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
    cfg.train_dataloader.batch_size = 2
    run_tool('tools/train.py', write(cfg, tmp_path / 'config.py'))
    last = scalars(cfg.work_dir)[-1]
    assert last['coco_panoptic/PQ'] > 40
    assert last['mIoU'] > 60
    assert last['coco/segm_mAP_50'] > 0.1


class TestSemanticHead(MethodBattery):
    """The head behind ``EncoderDecoder``: a plain segmentor, no export."""
    config = 'configs/oneformer/oneformer_semantic-head_toystreet.py'

    pytestmark = pytest.mark.slow


class OneFormerBattery(MethodBattery):
    """Through MMDetection.

    There is no plain checkpoint to export: nothing wraps the model. The test
    time augmentation of MMDetection merges boxes alone.
    """
    metric = 'coco_panoptic/PQ'
    flops_options = ('--num-images', 2)

    @pytest.fixture
    def cfg(self, toystreet, tmp_path):
        write_toystreet_instances(str(toystreet))
        return small(
            short_config(self.config, toystreet, tmp_path / 'work',
                         self.iters))

    def test_train_test_benchmark_export(self, cfg, path, tmp_path):
        """One run, read by every tool that reads a run."""
        run_tool('tools/train.py', path)
        self.cell('train')
        checkpoint = f'{cfg.work_dir}/iter_{self.iters}.pth'
        run_tool('tools/test.py', path, checkpoint, '--work-dir',
                 tmp_path / 'test')
        assert self.metric in metrics(tmp_path / 'test')
        self.cell('test')
        self.check_inference(cfg, path, checkpoint)
        self.cell('inference')

    @pytest.mark.slow
    def test_benchmark_and_flops(self, cfg, path, tmp_path):
        run_tool('tools/analysis_tools/benchmark.py',
                 self.many_images(cfg, tmp_path), 'none.pth', '--work-dir',
                 tmp_path / 'benchmark')
        self.cell('benchmark')
        run_tool('tools/analysis_tools/get_flops.py', path,
                 *self.flops_options)
        self.cell('FLOPs')

    @pytest.mark.slow
    def test_stock_train_tool(self, path):
        super().test_stock_train_tool(path)

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
    def test_two_processes(self, cfg, path):
        super().test_two_processes(cfg, path)


class TestOneFormer(OneFormerBattery):
    """Through MMDetection.

    There is no plain checkpoint to export: nothing wraps the model. The test
    time augmentation of MMDetection merges boxes alone. Three stock metrics
    read one test run.
    """
    config = 'configs/oneformer/oneformer_toystreet.py'

    def test_train_test_benchmark_export(self, cfg, path, tmp_path):
        """And one task alone is what it is beside the others."""
        super().test_train_test_benchmark_export(cfg, path, tmp_path)
        found = metrics(tmp_path / 'test')
        assert {'coco_panoptic/PQ', 'coco/segm_mAP', 'mIoU'} <= found.keys()
        alone = Config.fromfile(path)
        alone.model.test_cfg.tasks = ('semantic', )
        alone.test_evaluator = alone.test_evaluator[2:]
        run_tool('tools/test.py', write(alone, tmp_path / 'alone.py'),
                 f'{cfg.work_dir}/iter_{self.iters}.pth', '--work-dir',
                 tmp_path / 'alone')
        assert metrics(tmp_path / 'alone')['mIoU'] == found['mIoU']

    def test_things_that_nobody_told_the_model(self, cfg, monkeypatch):
        """Refused ahead of the first iteration."""
        # what takes long is the look of the config in the log
        monkeypatch.setattr(Config, 'pretty_text', '')
        cfg.model.panoptic_fusion_head.thing_classes = None
        runner = Runner.from_cfg(cfg)
        with pytest.raises(ValueError, match='counts sky, building, road '):
            runner.train()
        assert runner.iter == 0
