"""What a base named ``mmseg_ext::...`` builds."""
import os
import subprocess
import sys

import mmseg.registry as stock
import pytest
from mmengine import registry as root
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmseg_ext import registry


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmseg'):
        yield


@pytest.mark.parametrize('start', [root.MODELS, stock.MODELS, registry.MODELS])
def test_builds_stock_components_in_our_scope(start, caplog):
    loss = start.build(
        dict(type='CrossEntropyLoss', loss_weight=3., _scope_='mmseg_ext'))
    assert loss.loss_weight == 3.
    assert type(loss).__module__.startswith('mmseg.')


def test_nothing_warns(capfd):
    root.MODELS.build(dict(type='DiceLoss', _scope_='mmseg_ext'))
    captured = capfd.readouterr()
    assert 'WARNING' not in captured.out + captured.err


def test_every_registry_has_a_child():
    parents = [
        name for name, value in vars(root).items()
        if isinstance(value, root.Registry)
    ]
    assert parents
    for name in parents:
        child = getattr(registry, name)
        assert child.scope == 'mmseg_ext'
        assert child.parent is getattr(stock, name, getattr(root, name))
        assert len(child) == 0, f'register into mmseg.registry.{name}'


def test_finds_what_nothing_imported_yet(tmp_path):
    """A registry does not fill itself when only its child is asked."""
    script = ('import mmseg_ext; from mmengine.registry import METRICS; '
              'METRICS.build(dict(type="IoUMetric", _scope_="mmseg_ext"))')
    done = subprocess.run([sys.executable, '-c', script],
                          env=dict(
                              os.environ,
                              PYTHONPATH=os.pathsep.join(
                                  filter(None, sys.path)),
                              OMP_NUM_THREADS='1'),
                          cwd=tmp_path,
                          text=True,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout[-3000:]


def test_components_of_mmdet_from_our_scope(tmp_path):
    """A base on MMDetection builds what is in ``mmdet.registry``."""
    pytest.importorskip('mmdet')
    path = tmp_path / 'config.py'
    path.write_text("_base_ = ['mmseg_ext::panet/panet_toystreet.py']\n")
    cfg = Config.fromfile(str(path))
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = root.MODELS.build(cfg.model)
        hooks = [root.HOOKS.build(hook) for hook in cfg.custom_hooks]
    assert type(model.neck).__name__ == 'PathAggregationFPN'
    assert all(
        type(part).__module__.startswith('mmdet.')
        for part in (model.rpn_head, model.roi_head, hooks[0]))
    # what they hold is looked up where they are
    assert {
        node._scope_
        for node in (cfg.train_dataloader.dataset, cfg.val_dataloader.dataset,
                     cfg.test_dataloader.dataset, cfg.val_evaluator)
    } == {'mmdet'}
