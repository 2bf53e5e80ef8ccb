import os
import os.path as osp

import pytest

from .method_battery import MethodBattery, short_config
from .tool_runner import run_tool

pytest.importorskip('mmdet')


class TestPANet(MethodBattery):
    """The same through MMDetection.

    There is no plain checkpoint to export: nothing wraps the model. The test
    time augmentation of MMDetection merges boxes and refuses masks.
    """
    config = 'configs/panet/panet_toystreet.py'
    metric = 'coco/segm_mAP'
    tta_metric = 'coco/bbox_mAP'
    tta_options = ('--cfg-options', 'test_evaluator.metric=bbox',
                   'model.roi_head.mask_head=None',
                   'model.roi_head.mask_roi_extractor=None')
    flops_options = ('--num-images', 2)

    @pytest.fixture
    def cfg(self, toystreet, tmp_path):
        cfg = short_config(self.config, toystreet, tmp_path / 'work',
                           self.iters)
        for pipeline in (cfg.train_dataloader.dataset.dataset.pipeline,
                         cfg.val_dataloader.dataset.pipeline,
                         cfg.test_dataloader.dataset.pipeline,
                         cfg.tta_pipeline[1].transforms[0]):
            for transform in pipeline:
                if 'scale' in transform:
                    transform['scale'] = (64, 48)
        cfg.model.test_cfg.rpn.max_per_img = 10
        cfg.model.test_cfg.rcnn.max_per_img = 5
        return cfg

    def test_train_test_benchmark_export(self, cfg, path, tmp_path, capsys):
        super().test_train_test_benchmark_export(cfg, path, tmp_path)
        capsys.readouterr()
        run_tool('tools/analysis_tools/level_shares.py', path,
                 osp.join(cfg.work_dir, f'iter_{self.iters}.pth'),
                 '--num-images', 1, '--head', 'bbox')
        assert 'boxes of stride' in capsys.readouterr().out

    def test_browse_dataset(self, path, tmp_path):
        """Handed on to the tool of MMDetection."""
        run_tool('tools/analysis_tools/browse_dataset.py', path,
                 '--output-dir', tmp_path / 'browse', '--not-show', '--number',
                 2)
        assert len(os.listdir(tmp_path / 'browse')) == 2

    @pytest.mark.slow
    def test_resume_after_kill_is_exact(self, cfg, path, tmp_path):
        super().test_resume_after_kill_is_exact(cfg, path, tmp_path)

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
