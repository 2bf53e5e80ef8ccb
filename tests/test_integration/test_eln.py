import os.path as osp
import sys

import pytest
import torch

from .method_battery import MethodBattery, losses
from .tool_runner import REPO, run_process


class TestELN(MethodBattery):
    config = 'configs/eln/eln_toystreet.py'

    def test_two_processes_of_two_batches_each(self, cfg, path):
        """All stages with the step of four devices on two."""
        run_process([
            sys.executable, '-m', 'torch.distributed.run', '--standalone',
            '--nproc_per_node=2',
            osp.join(REPO, 'tools/train.py'), path, '--launcher', 'pytorch',
            '--cfg-options', 'train_cfg.accumulative_counts=2'
        ])
        values = losses(cfg.work_dir)
        assert len(values) == self.iters
        assert torch.tensor(values).isfinite().all()
        checkpoint = torch.load(
            osp.join(cfg.work_dir, f'iter_{self.iters}.pth'))
        sizes = cfg.train_dataloader.sampler.source_sizes
        consumed = checkpoint['data_order']['consumed']
        assert consumed['labeled'] == 4 * self.iters * sizes.labeled


@pytest.mark.slow
class TestThreshold(MethodBattery):
    config = 'configs/eln/threshold_toystreet.py'


@pytest.mark.slow
class TestSECN(MethodBattery):
    config = 'configs/eln/secn_toystreet.py'
