import copy
from types import SimpleNamespace

import pytest
import torch
import torch.nn as nn
from mmengine.hooks import EMAHook
from toys import fake_runner

from mmseg_ext.engine import AdaptiveBatchNormHook
from mmseg_ext.engine.hooks.adaptive_batch_norm_hook import (adapt_statistics,
                                                             norm_layers)


class Head(nn.Module):

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(5)

    def forward(self, feats):
        return self.norm(feats[0])


class Segmentor(nn.Module):
    """Two layers in turn, and one that inference does not use."""

    def __init__(self):
        super().__init__()
        self.first = nn.BatchNorm2d(3)
        self.conv = nn.Conv2d(3, 5, 1)
        self.dropout = nn.Dropout(0.5)
        self.decode_head = Head()
        self.auxiliary_head = nn.BatchNorm2d(7)

    def extract_feat(self, images):
        return [self.dropout(self.conv(self.first(images)))]


class Algorithm(nn.Module):

    def __init__(self):
        super().__init__()
        self.segmentor = Segmentor()

    def data_preprocessor(self, data, training):
        assert not training
        return dict(inputs=torch.stack(data['inputs']).float())


def images(num, size=(4, 6), seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        3 + 2 * torch.randn(3, *size, generator=generator) for _ in range(num)
    ]


def loader(images):
    return [dict(inputs=[image]) for image in images]


def make_runner(model, data, **attributes):
    return fake_runner(
        model,
        val_loop=object(),
        val_dataloader=loader(data),
        test_dataloader=loader(data),
        **attributes)


def test_statistics_are_those_of_all_images():
    segmentor = Segmentor().eval()
    weights = copy.deepcopy(dict(segmentor.named_parameters()))
    data = images(7)
    adapt_statistics(segmentor, iter(data), batch_size=7)
    pixels = torch.stack(data)
    mean, var = pixels.mean((0, 2, 3)), pixels.var((0, 2, 3), correction=0)
    torch.testing.assert_close(segmentor.first.running_mean, mean)
    torch.testing.assert_close(segmentor.first.running_var, var)
    # the second layer sees what the first one normalised by the batch
    normalised = (pixels - mean.view(3, 1, 1)) / (var.view(3, 1, 1) +
                                                  segmentor.first.eps).sqrt()
    inner = segmentor.conv(normalised)
    norm = segmentor.decode_head.norm
    torch.testing.assert_close(norm.running_mean, inner.mean((0, 2, 3)))
    torch.testing.assert_close(norm.running_var,
                               inner.var((0, 2, 3), correction=0))
    # a layer that saw nothing keeps what it had
    assert (segmentor.auxiliary_head.running_mean == 0).all()
    for name, param in segmentor.named_parameters():
        assert torch.equal(param, weights[name])
    assert not segmentor.first._forward_pre_hooks


def test_batches_are_pooled():
    """The first layer's statistics do not depend on the batch size."""
    whole, parts = Segmentor().eval(), Segmentor().eval()
    data = [image + i for i, image in enumerate(images(7))]
    adapt_statistics(whole, iter(data), batch_size=7)
    adapt_statistics(parts, iter(data), batch_size=3, max_images=7)
    # the last batch has one image alone, which is left out
    adapt_statistics(whole, iter(data[:6]), batch_size=6)
    torch.testing.assert_close(whole.first.running_mean,
                               parts.first.running_mean)
    torch.testing.assert_close(whole.first.running_var,
                               parts.first.running_var)


def test_images_of_one_size_are_batched():
    segmentor = Segmentor().eval()
    small, large = images(2), images(3, (6, 4), seed=1)
    mixed = [small[0], large[0], large[1], small[1], large[2]]
    adapt_statistics(segmentor, iter(mixed), batch_size=3)
    pixels = torch.cat([torch.stack(x).flatten(2) for x in (small, large)])
    torch.testing.assert_close(segmentor.first.running_mean, pixels.mean(
        (0, 2)))
    with pytest.raises(ValueError, match='no two images of one size'):
        adapt_statistics(segmentor, iter(images(1)), batch_size=2)


def test_validation_leaves_no_trace():
    model = Algorithm().train()
    model.segmentor.first.eval()  # a mode of its own
    model.train = lambda mode=True: nn.Module.train(model, mode)
    start = copy.deepcopy(model.state_dict())
    hook = AdaptiveBatchNormHook(batch_size=2)
    runner = make_runner(model, images(4))
    state = torch.get_rng_state()
    hook.before_run(runner)
    hook.before_val_epoch(runner)
    assert torch.equal(torch.get_rng_state(), state)
    assert model.training
    assert (model.segmentor.first.running_mean > 1).all()
    # the best checkpoint holds what was measured, one to resume from does not
    for saved, optimizer in ((start, dict(optimizer={})), (model.state_dict(),
                                                           {})):
        checkpoint = dict(
            state_dict=copy.deepcopy(model.state_dict()), **optimizer)
        hook.before_save_checkpoint(runner, checkpoint)
        for name, value in checkpoint['state_dict'].items():
            assert torch.equal(value, saved[name]), name
    hook.after_val_epoch(runner, metrics={})
    for name, value in model.state_dict().items():
        assert torch.equal(value, start[name]), name


def test_own_images_test_and_the_end_of_training():
    model, saved = Algorithm(), []
    own = images(4, seed=5)
    runner = make_runner(
        model,
        images(4),
        work_dir='work',
        build_dataloader=lambda cfg: loader(own),
        save_checkpoint=lambda *args, **kwargs: saved.append(
            (args, model.segmentor.first.running_mean.clone())))
    mean = torch.stack(own).mean((0, 2, 3))
    hook = AdaptiveBatchNormHook(dataloader=dict(), batch_size=2)
    hook.before_test_epoch(runner)
    torch.testing.assert_close(model.segmentor.first.running_mean, mean)
    model.segmentor.first.reset_running_stats()
    hook.after_train(runner)
    (args, written), = saved
    assert args == ('work', 'adabn.pth')
    torch.testing.assert_close(written, mean)


def test_test_time_augmentation():
    model = Algorithm()
    runner = make_runner(model, ())
    data = images(4)
    runner.test_dataloader = [
        dict(inputs=[[one], [other]], data_samples=[[0], [0]])
        for one, other in zip(data[::2], data[1::2])
    ]
    AdaptiveBatchNormHook(batch_size=4).before_test_epoch(runner)
    torch.testing.assert_close(model.segmentor.first.running_mean,
                               torch.stack(data).mean((0, 2, 3)))


def test_errors():
    with pytest.raises(ValueError, match='batch_size must be at least 2'):
        AdaptiveBatchNormHook(batch_size=1)
    with pytest.raises(ValueError, match='max_images must be at least'):
        AdaptiveBatchNormHook(max_images=3)
    with pytest.raises(ValueError, match='model.segmentor has none'):
        AdaptiveBatchNormHook().before_run(
            SimpleNamespace(model=nn.GroupNorm(1, 2)))
    with pytest.raises(ValueError, match='AdaptiveBatchNormHook and EMAHook'):
        AdaptiveBatchNormHook().before_train(
            SimpleNamespace(hooks=[EMAHook()]))
    assert norm_layers(nn.BatchNorm2d(2, track_running_stats=False)) == []
