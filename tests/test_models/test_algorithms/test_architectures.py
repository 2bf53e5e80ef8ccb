"""Architectures of this package and PointRend under the algorithms."""
import copy

import pytest
import torch

from mmseg_ext.engine.hooks.adaptive_batch_norm_hook import adapt_statistics
from .toy import (BN, NUM_CLASSES, SEGMENTOR, build_eln, in_stage, loss_sum,
                  make_batch)
from .toy_domains import (adversary, build_adaptation, make_domains,
                          pixel_adversary)

HEAD = dict(
    num_classes=NUM_CLASSES,
    norm_cfg=BN,
    loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True))


def with_parts(**parts):
    segmentor = copy.deepcopy(SEGMENTOR)
    backbone = parts.pop('backbone', {})
    segmentor.backbone.update(backbone)
    for name, cfg in parts.items():
        segmentor.pop(name, None)
        segmentor[name] = cfg
    return segmentor


DANET = with_parts(
    decode_head=dict(
        type='EfficientDAHead',
        in_channels=64,
        in_index=3,
        channels=16,
        pam_channels=4,
        **HEAD))
FASTFCN = with_parts(
    backbone=dict(out_indices=(1, 2, 3)),
    neck=dict(
        type='UndilatedJPU',
        in_channels=(16, 32, 64),
        mid_channels=8,
        norm_cfg=BN),
    decode_head=dict(
        type='EfficientEncHead',
        in_channels=[16, 32, 32],
        in_index=(0, 1, 2),
        channels=16,
        num_codes=4,
        bottleneck_kernel_size=1,
        **HEAD))
GSCNN = with_parts(
    decode_head=dict(
        type='GSCNNHead',
        in_channels=[16, 32, 64],
        in_index=[1, 2, 3],
        low_level_index=0,
        low_level_channels=8,
        stem_index=4,
        stem_channels=8,
        image_index=5,
        shape_channels=(8, 4, 4, 2),
        dilations=(1, 2),
        channels=16,
        **{
            k: v
            for k, v in HEAD.items() if k != 'loss_decode'
        }))
GSCNN.update(type='ShapeStreamEncoderDecoder', stem_layer='stem')
POINTREND = with_parts(decode_head=[
    SEGMENTOR['decode_head'],
    dict(
        type='PointHead',
        in_channels=[64],
        in_index=[3],
        channels=8,
        num_fcs=1,
        num_classes=NUM_CLASSES)
])
POINTREND.update(
    type='CascadeEncoderDecoder',
    num_stages=2,
    train_cfg=dict(
        num_points=16, oversample_ratio=3, importance_sample_ratio=0.75))
SEGMENTORS = pytest.mark.parametrize(
    'segmentor', [DANET, FASTFCN, GSCNN], ids=['danet', 'fastfcn', 'gscnn'])


@SEGMENTORS
def test_in_eln(segmentor):
    torch.manual_seed(0)
    model = build_eln(segmentor)
    in_stage(model, 'semi')
    losses = model.loss(*make_batch(height=64, width=64))
    loss_sum(losses).backward()
    assert torch.isfinite(loss_sum(losses))
    assert losses['unlabeled_strong.loss_contrast'] > 0
    assert model.segmentor.decode_head.conv_seg.weight.grad.abs().sum() > 0


@SEGMENTORS
def test_in_domain_adaptation(segmentor):
    torch.manual_seed(0)
    model = build_adaptation(
        segmentor,
        adversaries=[adversary()],
        target_losses=[dict(type='EntropyLoss')])
    losses = model.loss(*make_domains())
    assert torch.isfinite(loss_sum(losses))
    target = loss_sum(losses, 'target')
    target.backward()
    assert model.segmentor.decode_head.conv_seg.weight.grad.abs().sum() > 0


@pytest.mark.parametrize('options', [
    dict(forward_target=True),
    dict(
        adversaries=[adversary('decode_head.0')],
        target_losses=[dict(type='EntropyLoss', level='decode_head.0')]),
    dict(adversaries=[pixel_adversary('decode_head.0.feature')]),
])
def test_pointrend_in_domain_adaptation(options):
    """Its coarse map is aligned; points are none."""
    torch.manual_seed(0)
    model = build_adaptation(POINTREND, dropout=None, **options)
    model.capture_domains = True
    losses = model.loss(*make_domains())
    assert torch.isfinite(loss_sum(losses))
    assert {'image', 'valid'} <= model.captured_domains['target'].keys()
    loss_sum(losses).backward()
    coarse, points = model.segmentor.decode_head
    assert points.fc_seg.weight.grad.abs().sum() > 0
    assert coarse.conv_seg.weight.grad.abs().sum() > 0


def test_points_are_no_level():
    message = r"only the levels \['decode_head.0', 'decode_head.0.feature'"
    with pytest.raises(ValueError, match=f"is 'decode_head', .* {message}"):
        build_adaptation(POINTREND, dropout=None, adversaries=[adversary()])
    levels = build_adaptation(POINTREND, dropout=None).levels
    assert 'decode_head.1' not in levels.available()


def test_adaptive_batch_norm_of_pointrend():
    segmentor = build_adaptation(POINTREND, dropout=None).segmentor.eval()
    norm = segmentor.decode_head[0].convs[0].bn
    before = norm.running_mean.clone()
    images = torch.randn(4, 3, 32, 32)
    adapt_statistics(segmentor, iter(images), batch_size=2)
    assert not torch.equal(norm.running_mean, before)
