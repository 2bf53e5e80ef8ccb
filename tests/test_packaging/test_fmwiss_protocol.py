"""What the configs of the incremental tasks say, against the protocol."""
import re
from functools import lru_cache

import pytest
from mmengine.config import Config
from mmengine.fileio import load

from mmseg_ext.datasets.incremental_tasks import build_task

# images of each step by the selection rule, measured on the label lists
IMAGES = {
    'voc12aug-15-5-disjoint': [8437, 2145],
    'voc12aug-15-5-overlap': [9568, 2145],
    'voc12aug-10-10-disjoint': [3706, 6876],
    'voc12aug-10-10-overlap': [6139, 6876],
    'voc12aug-10-5-5-disjoint': [3706, 4731, 2145],
    'voc12aug-10-5-5-overlap': [6139, 5542, 2145],
    'voc12aug-10-2-disjoint': [3706, 1056, 428, 3625, 719, 1048],
    'voc12aug-10-2-overlap': [6139, 1701, 925, 4236, 790, 1048],
    'coco2voc': [23274, 10582],
}


@pytest.fixture(autouse=True)
def read_metafiles_once(monkeypatch):
    monkeypatch.setattr('mmengine.config.utils.load', lru_cache(load))


@pytest.mark.parametrize('task,backbone',
                         [(task, 'r101')
                          for task in IMAGES] + [('coco2voc', 'wrn38')])
def test_steps(repo, task, backbone):
    previous = None
    for step, images in enumerate(IMAGES[task]):
        path, = (repo / 'configs/fmwiss'
                 ).glob(f'fmwiss_step{step}_{backbone}-*_{task}-???x???.py')
        cfg = Config.fromfile(str(path))
        iters = images // 24 * (40 if step else 30)
        assert cfg.train_cfg.max_iters == iters
        assert int(re.search(r'_(\d+)_', path.name)[1]) == iters
        data = cfg.train_dataloader.dataset.dataset
        assert cfg.train_dataloader.batch_size == 24 and data.step == step
        assert cfg.val_dataloader.dataset.step == step
        assert cfg.val_dataloader.dataset.task == data.task
        classes = build_task(data.task).classes(step)
        scheduler, = cfg.param_scheduler
        assert scheduler.end == iters and scheduler.power == 0.9
        optimizer = cfg.optim_wrapper.optimizer
        assert optimizer.nesterov and optimizer.weight_decay == 1e-4
        model = cfg.model
        if step == 0:
            assert optimizer.lr == 0.01
            head = model.decode_head
            assert head.loss_decode.loss_weight == len(classes)
        else:
            assert optimizer.lr == 0.001
            head = model.segmentor.decode_head
            assert model.num_old_classes == len(
                build_task(data.task).classes(step - 1))
            warmup = images // 24 * 5
            assert cfg.default_hooks.stage.stages[0]['iters'] == warmup
            assert scheduler.begin == warmup
            assert cfg.load_from == previous
            assert (model.alpha, model.eta) == (0.5, 0.9)
            assert data.void_as_background
        assert head.num_classes == len(classes)
        setting = task.rsplit('-', 1)[1] if 'voc12' in task else (
            'overlap' if step else 'disjoint')
        assert data.setting == setting
        previous = f'work_dirs/{path.stem}/iter_{iters}.pth'
    assert len(cfg.incremental.steps) == step - 1
