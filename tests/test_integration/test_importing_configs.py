"""Configs in pure Python, as MMEngine reads them with lazy imports."""
import os.path as osp

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmseg_ext.datasets.panoptic_instances import write_toystreet_instances
from .importing_config import write_importing
from .method_battery import losses, metrics, short_config
from .tool_runner import run_tool

SLOW = [
    'adaptsegnet/adaptsegnet', 'advent/advent', 'bdl/cyclegan', 'danet/danet',
    'fastfcn/fastfcn', 'gscnn/gscnn', 'oneformer/oneformer', 'panet/panet',
    'pssl/pssl_random'
]


@pytest.mark.parametrize('name', [
    'eln/eln', *[pytest.param(name, marks=pytest.mark.slow) for name in SLOW]
])
def test_train_resume_and_test(name, toystreet, tmp_path):
    """Also with the dumped config, which has the paths of the classes."""
    if name in ('oneformer/oneformer', 'panet/panet'):
        pytest.importorskip('mmdet')
        write_toystreet_instances(str(toystreet))
    cfg = short_config(f'configs/{name}_toystreet.py', toystreet,
                       tmp_path / 'work')
    init_default_scope(cfg.default_scope)
    path = write_importing(cfg, tmp_path / 'importing.py')
    assert isinstance(Config.fromfile(path).model.type, type)
    run_tool('tools/train.py', path)
    straight = losses(cfg.work_dir)
    assert len(straight) == 6

    dumped = osp.join(cfg.work_dir, 'importing.py')
    middle = osp.join(cfg.work_dir, 'iter_3.pth')
    run_tool('tools/train.py', dumped, '--resume', '--cfg-options',
             f'load_from={middle}')
    assert losses(cfg.work_dir) == straight[3:]

    checkpoint = osp.join(cfg.work_dir, 'iter_6.pth')
    assert 'state_dict' in torch.load(checkpoint)
    for config, folder in ((path, 'one'), (dumped, 'two')):
        run_tool('tools/test.py', config, checkpoint, '--work-dir',
                 tmp_path / folder)
    assert metrics(tmp_path / 'one') == metrics(tmp_path / 'two')
