import copy

import pytest
import torch
from mmengine.config import ConfigDict
from mmseg.registry import MODELS
from mmseg.utils import register_all_modules

import mmseg_ext  # noqa: F401
from mmseg_ext.models.utils.heads import forward_decode_head
from mmseg_ext.models.utils.segmentor_levels import SegmentorLevels

register_all_modules()
BN = dict(type='BN')


def head(kind='FCNHead', **options):
    return dict(
        type=kind,
        in_channels=64,
        in_index=3,
        channels=16,
        num_convs=1,
        concat_input=False,
        norm_cfg=BN,
        num_classes=5) | options


def build(**options):
    cfg = dict(
        type='EncoderDecoder',
        backbone=dict(
            type='ResNetV1c',
            depth=18,
            stem_channels=8,
            base_channels=8,
            norm_cfg=BN),
        decode_head=head(),
        auxiliary_head=[
            head(in_channels=16, in_index=1),
            head(in_channels=32, in_index=-2, num_classes=3)
        ],
        train_cfg=dict(),
        test_cfg=dict(mode='whole')) | options
    return MODELS.build(ConfigDict(copy.deepcopy(cfg))).eval()


def watch(segmentor, *names):
    levels = SegmentorLevels(segmentor)
    for name in names:
        levels.watch(name)
    return levels


def run(levels):
    segmentor = levels.segmentor
    with levels.capture() as maps:
        feats = segmentor.extract_feat(torch.randn(1, 3, 64, 64))
        forward_decode_head(segmentor, feats)
    return feats, maps


def test_every_level_is_what_the_forward_computed():
    segmentor = build()
    names = SegmentorLevels(segmentor).available()
    assert names == [
        'decode_head', 'decode_head.feature', 'auxiliary_head.0',
        'auxiliary_head.0.feature', 'auxiliary_head.1',
        'auxiliary_head.1.feature', 'backbone.0', 'backbone.1', 'backbone.2',
        'backbone.3'
    ]
    levels = watch(segmentor, *names)
    feats, maps = run(levels)
    for i in range(4):
        assert maps[f'backbone.{i}'] is feats[i]
    assert torch.equal(maps['decode_head'],
                       segmentor.decode_head.forward(feats))
    assert maps['decode_head.feature'].shape[1] == 16
    # this forward did not pass through them
    assert 'auxiliary_head.0' not in maps
    with pytest.raises(RuntimeError, match="'auxiliary_head.0' gave no map"):
        maps['auxiliary_head.0']
    assert levels.names == names
    assert not segmentor.backbone.__dict__.get('forward')


def test_channels_and_kinds():
    levels = SegmentorLevels(build())
    known = dict.fromkeys(levels.available())
    known = {name: levels.channels(name) for name in known}
    assert known['decode_head'] == 5 and known['auxiliary_head.1'] == 3
    assert known['decode_head.feature'] == 16
    assert [known[f'backbone.{i}'] for i in range(4)] == [None, 16, 32, 64]
    assert levels.is_logits('auxiliary_head.1')
    assert not levels.is_logits('decode_head.feature')
    assert not levels.is_logits('backbone.3')


def test_neck():
    segmentor = build(
        neck=dict(
            type='FPN',
            in_channels=[8, 16, 32, 64],
            out_channels=6,
            num_outs=4),
        auxiliary_head=None,
        decode_head=head(in_channels=6, in_index=2))
    levels = watch(segmentor, 'neck.2', 'backbone.1', 'neck.3')
    feats, maps = run(levels)
    assert maps['neck.2'] is feats[2] and maps['backbone.1'].shape[1] == 16
    assert levels.channels('neck.2') == 6
    assert levels.channels('backbone.1') == 16
    with pytest.raises(ValueError, match="'neck.4', but the segmentor has"):
        levels.watch('neck.4')


def test_cascade_shows_its_last_stage():
    stages = [
        head(),
        head('OCRHead', ocr_channels=8, num_convs=None, concat_input=None)
    ]
    for key in ('num_convs', 'concat_input'):
        stages[1].pop(key)
    segmentor = build(
        type='CascadeEncoderDecoder',
        num_stages=2,
        decode_head=stages,
        auxiliary_head=None)
    levels = watch(segmentor, 'decode_head', 'decode_head.0')
    feats, maps = run(levels)
    first = segmentor.decode_head[0].forward(feats)
    assert torch.equal(maps['decode_head.0'], first)
    assert torch.equal(maps['decode_head'],
                       segmentor.decode_head[1].forward(feats, first))


def test_head_without_cls_seg():
    segmentor = build(auxiliary_head=None)
    plain = segmentor.decode_head
    plain.cls_seg = None
    plain.forward = lambda feats: feats[3][:, :5]
    levels = watch(segmentor, 'decode_head')
    feats, maps = run(levels)
    assert torch.equal(maps['decode_head'], feats[3][:, :5])
    assert 'decode_head.feature' not in levels.available()


@pytest.mark.parametrize('name', [
    'auxiliary_head', 'auxiliary_head.2', 'backbone', 'backbone.4', 'neck.0',
    'decode_head.features', None
])
def test_unknown_levels(name):
    with pytest.raises(ValueError, match='the_field is .* only the levels'):
        SegmentorLevels(build()).watch(name, 'the_field')
