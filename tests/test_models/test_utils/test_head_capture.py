import copy

import pytest
import torch
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS
from torch import nn

import mmseg_ext  # noqa: F401
from mmseg_ext.models.utils.head_capture import (capture_head,
                                                 check_capturable,
                                                 penultimate_channels)

CLASSES = 5
ONE = dict(in_channels=16, in_index=3, channels=8)
ALL = dict(in_channels=[16] * 4, in_index=[0, 1, 2, 3])
NORM = dict(type='BN')

# Every stock head that classifies by cls_seg, in its smallest form.
HEADS = {
    'ANNHead':
    dict(
        in_channels=[16, 16], in_index=[2, 3], channels=8, project_channels=8),
    'APCHead':
    dict(ONE, pool_scales=(1, 2)),
    'ASPPHead':
    dict(ONE, dilations=(1, 2)),
    'DAHead':
    dict(ONE, pam_channels=4),
    'DMHead':
    dict(ONE, filter_sizes=(1, 3)),
    'DNLHead':
    dict(ONE),
    'DeepLabV3PlusHead':
    dict(ONE, c1_in_channels=16),
    'DepthwiseSeparableASPPHead':
    dict(ONE, dilations=(1, 2), c1_in_channels=16, c1_channels=4),
    'DepthwiseSeparableFCNHead':
    dict(ONE),
    'EMAHead':
    dict(ONE, ema_channels=8, num_bases=4, num_stages=2),
    'EncHead':
    dict(in_channels=[16] * 3, in_index=[1, 2, 3], channels=8, num_codes=4),
    'FCNHead':
    dict(ONE, num_convs=1),
    'FPNHead':
    dict(ALL, channels=8, feature_strides=[4, 8, 16, 32]),
    'GCHead':
    dict(ONE),
    'ISAHead':
    dict(ONE, isa_channels=4, down_factor=(2, 2)),
    'LightHamHead':
    dict(
        ALL,
        channels=8,
        ham_channels=8,
        ham_kwargs=dict(MD_S=1, MD_R=4, train_steps=2, eval_steps=2)),
    'LRASPPHead':
    dict(
        in_channels=[16] * 3,
        in_index=[0, 1, 2],
        input_transform='multiple_select',
        channels=8,
        branch_channels=(4, 4)),
    'NLHead':
    dict(ONE),
    'PSPHead':
    dict(ONE, pool_scales=(1, 2)),
    'SegformerHead':
    dict(ALL, channels=8),
    'SETRMLAHead':
    dict(ALL, channels=8 * 4, mla_channels=8),
    'SETRUPHead':
    dict(ONE, norm_cfg=NORM),
    'UPerHead':
    dict(ALL, channels=8, pool_scales=(1, 2)),
}


def build(name, **kwargs):
    cfg = dict(HEADS[name], **kwargs)
    return MODELS.build(
        dict(dict(type=name, num_classes=CLASSES, norm_cfg=NORM), **cfg))


def features(name='', batch=2):
    # FPN doubles the size of a level, and LR-ASPP pools 49 x 49 pixels.
    sizes = dict(
        FPNHead=[16, 8, 4, 2], LRASPPHead=[52, 51, 50,
                                           50]).get(name, [16] * 4)
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(batch, 16, size, size, generator=generator)
        for size in sizes
    ]


@pytest.mark.parametrize('name', HEADS)
def test_stock_heads(name):
    head = build(name).train()
    calls = []
    original = head.cls_seg
    head.__dict__['cls_seg'] = lambda *a: calls.append(1) or original(*a)
    check_capturable(head)
    with capture_head(head) as captured:
        output = head(features(name))
    assert len(calls) == 1
    shape = captured.features.shape
    assert shape[1] == penultimate_channels(head) == head.channels
    # Element-wise dropout aside, the logits are those of the features.
    assert captured.logits.shape == (2, CLASSES, *shape[2:])
    outputs = output if isinstance(output, (tuple, list)) else (output, )
    assert any(item is captured.logits for item in outputs)
    del head.__dict__['cls_seg']
    assert 'cls_seg' not in head.__dict__


@pytest.mark.parametrize('name, channels, main', [
    ('DDRHead', (8, 16), 0),
    ('PIDHead', (8, 16, 8), 1),
])
def test_main_logits_among_several(name, channels, main):
    head = MODELS.build(
        dict(
            type=name,
            in_channels=16,
            channels=8,
            num_classes=CLASSES,
            norm_cfg=NORM)).train()
    with capture_head(head) as captured:
        outputs = head.forward([torch.randn(2, c, 6, 6) for c in channels])
    assert captured.logits is outputs[main]
    assert captured.features.shape[1] == penultimate_channels(head)


@pytest.mark.parametrize('name', ['FCNHead', 'DeepLabV3PlusHead'])
def test_features_are_taken_before_dropout(name):
    head = build(name, dropout_ratio=0.5).train()
    with capture_head(head) as captured:
        head.forward(features())
    assert not torch.equal(captured.logits, head.cls_seg(captured.features))
    head.eval()
    with capture_head(head) as captured:
        head.forward(features())
    assert torch.equal(captured.logits, head.cls_seg(captured.features))


def test_gradient_flows_through_the_capture():
    head = build('FCNHead')
    with capture_head(head) as captured:
        head.forward(features())
    captured.features.sum().backward()
    assert head.convs[0].conv.weight.grad.abs().max() > 0
    assert head.conv_seg.weight.grad is None


def test_nothing_is_left_after_an_exception():
    head = build('FCNHead')
    before = dict(head.__dict__)
    with pytest.raises(KeyError), capture_head(head, 'convs.0:output'):
        raise KeyError
    with pytest.raises(KeyError), capture_head(head):
        raise KeyError
    assert head.__dict__ == before
    assert 'forward' not in head.convs[0].__dict__
    twin = copy.deepcopy(head).eval()
    with capture_head(head) as captured:
        twin.forward(features())
    with pytest.raises(RuntimeError, match='not called'):
        captured.features


def test_nested_captures():
    head = build('FCNHead').eval()
    with capture_head(head) as outer:
        with capture_head(head) as inner:
            head.forward(features())
        head.forward(features(batch=1))
    assert len(inner.features) == 2 and len(outer.features) == 1
    assert 'cls_seg' not in head.__dict__


def test_last_stage_of_a_cascade():
    cascade = nn.ModuleList([
        build('FCNHead'),
        MODELS.build(
            dict(
                type='OCRHead',
                num_classes=CLASSES,
                norm_cfg=NORM,
                ocr_channels=4,
                **ONE))
    ])
    check_capturable(cascade)
    with capture_head(cascade) as captured:
        first = cascade[0].forward(features())
        second = cascade[1].forward(features(), first)
    assert captured.logits is second
    assert captured.features.shape[1] == penultimate_channels(cascade) == 8


@pytest.mark.parametrize('source, channels', [
    ('conv_cat:input', 24),
    ('conv_cat:output', 8),
    ('convs.0.conv:input', 16),
])
def test_module_paths(source, channels):
    head = build('FCNHead').eval()
    check_capturable(head, source)
    with capture_head(head, source) as captured:
        output = head.forward(features())
    assert captured.logits is output
    assert captured.features.shape == (2, channels, 16, 16)
    assert penultimate_channels(head, source) == channels


def segmenter():
    return MODELS.build(
        dict(
            type='SegmenterMaskTransformerHead',
            in_channels=16,
            channels=16,
            num_classes=CLASSES,
            num_layers=1,
            num_heads=2,
            embed_dims=16,
            dropout_ratio=0.))


def test_head_without_cls_seg():
    head = segmenter().eval()
    with pytest.raises(ValueError, match='SegmenterMaskTransformerHead.*path'):
        check_capturable(head)
    with pytest.raises(ValueError, match='path'):
        penultimate_channels(head)
    source = 'dec_proj:output'
    check_capturable(head, source)
    with capture_head(head, source) as captured:
        output = head.forward(features())
    assert captured.logits is output


def k_net():
    inner = dict(
        type='FCNHead', num_classes=CLASSES, num_convs=1, norm_cfg=NORM, **ONE)
    update = dict(
        type='KernelUpdateHead',
        num_classes=CLASSES,
        num_ffn_fcs=2,
        num_heads=2,
        num_mask_fcs=1,
        feedforward_channels=8,
        in_channels=8,
        out_channels=8,
        conv_kernel_size=1,
        kernel_updator_cfg=dict(
            type='KernelUpdator',
            in_channels=8,
            feat_channels=8,
            out_channels=8,
            norm_cfg=dict(type='LN')))
    with DefaultScope.overwrite_default_scope('mmseg'):
        return MODELS.build(
            dict(
                type='IterativeDecodeHead',
                num_stages=1,
                kernel_generate_head=inner,
                kernel_update_head=[update]))


def test_inner_head():
    head = k_net().train()
    with pytest.raises(ValueError, match='IterativeDecodeHead'):
        check_capturable(head)
    source = 'kernel_generate_head.cls_seg'
    check_capturable(head, source)
    with capture_head(head, source) as captured:
        stages = head.forward(features())
    assert captured.logits is stages[-1]
    assert captured.features.shape[1] == penultimate_channels(head, source)


def test_point_head_is_refused():
    head = MODELS.build(
        dict(
            type='PointHead',
            num_classes=CLASSES,
            in_channels=[16],
            in_index=[0],
            channels=8))
    with pytest.raises(ValueError, match='PointHead'):
        check_capturable(head)


@pytest.mark.parametrize('source, match', [
    ('neck:output', "no module 'neck'"),
    ('convs.0:middle', "':input' or"),
    ('convs.0', 'no side'),
])
def test_wrong_sources(source, match):
    with pytest.raises(ValueError, match=match):
        check_capturable(build('FCNHead'), source)
