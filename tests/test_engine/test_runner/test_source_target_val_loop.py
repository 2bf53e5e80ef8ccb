import pytest
import torch
from mmengine.hooks import Hook
from mmseg.registry import DATASETS
from toys import STAGES, ToyBranchless, toy_runner, toy_val

SOURCE = dict(
    dataset=dict(type='ToyBranchless', length=11),
    sampler=dict(type='DefaultSampler', shuffle=False),
    batch_size=3,
    num_workers=0)


class Force(Hook):
    """Have the network say class 1 of everything; keep what it scores."""

    def __init__(self):
        self.metrics, self.batches = [], 0

    def before_val(self, runner):
        last = runner.model.segmentor.layers[-1]
        torch.nn.init.zeros_(last.weight)
        with torch.no_grad():
            last.bias.copy_(torch.tensor([0., 9., 0.]))

    def after_val_iter(self, runner, batch_idx, data_batch, outputs):
        self.batches += 1

    def after_val_epoch(self, runner, metrics=None):
        self.metrics.append(dict(metrics))


def build(tmp_path, **loop):
    options = dict(
        source_dataloader=SOURCE, source_evaluator=dict(type='ToyAccuracy'))
    cfg = toy_val() | dict(
        val_cfg=dict(type='SourceTargetValLoop', **(options | loop)),
        custom_hooks=[STAGES])
    runner = toy_runner(
        tmp_path, max_iters=4, **cfg, **{'train_cfg.val_interval': 2})
    hook = Force()
    runner.register_hook(hook)
    return runner, hook


def test_each_domain_has_figures_of_its_own(tmp_path):
    runner, hook = build(tmp_path)
    runner.train()
    # two validations, whose hooks see the five batches of the target alone
    assert hook.batches == 2 * 5
    for metrics in hook.metrics:
        assert list(metrics) == ['mIoU', 'aAcc', 'source/mIoU', 'source/aAcc']
        for name, length in (('mIoU', 20), ('source/mIoU', 11)):
            labels = ToyBranchless(length).y
            expected = 100 * (labels == 1).double().mean().item()
            assert metrics[name] == pytest.approx(expected), name
    assert metrics['mIoU'] != metrics['source/mIoU']
    assert 'val/source/mIoU' in runner.message_hub.log_scalars


def test_without_a_source_as_the_stock_loop(tmp_path):
    runner, hook = build(tmp_path, source_dataloader=None)
    runner.train()
    assert list(hook.metrics[0]) == ['mIoU', 'aAcc']


def test_other_classes_of_the_source(tmp_path):

    @DATASETS.register_module(force=True)
    class ToyOfTwo(ToyBranchless):
        metainfo = dict(classes=('a', 'b'))

    source = dict(SOURCE, dataset=dict(type='ToyOfTwo'))
    runner, _ = build(tmp_path, source_dataloader=source)
    with pytest.raises(
            ValueError,
            match='source_dataloader.dataset has the classes a, b, but '
            'val_dataloader.dataset has a, b, c'):
        runner.val_loop
