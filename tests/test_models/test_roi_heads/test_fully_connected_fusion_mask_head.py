import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from torch import nn

import mmseg_ext  # noqa: F401

pytest.importorskip('mmdet')
from mmdet.registry import MODELS  # noqa: E402  isort: skip

GN = dict(type='GN', num_groups=2)


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


def build(type='FullyConnectedFusionMaskHead', randomise=True, **kwargs):
    torch.manual_seed(0)
    head = MODELS.build(
        dict(
            dict(
                type=type,
                in_channels=6,
                conv_out_channels=4,
                roi_feat_size=5,
                num_classes=3), **kwargs))
    head.init_weights()
    if randomise:
        for parameter in head.parameters():
            nn.init.normal_(parameter, std=0.5)
    return head


def pooled(rois=7, levels=4):
    torch.manual_seed(1)
    return torch.randn(rois, levels, 6, 5, 5)


@pytest.mark.parametrize('fc_act_cfg', [None, dict(type='ReLU')])
def test_equals_the_formula(fc_act_cfg):
    head = build(norm_cfg=GN, fc_act_cfg=fc_act_cfg)
    w = head.state_dict()

    def conv(name, x):
        x = F.conv2d(x, w[f'{name}.conv.weight'], padding=1)
        return F.relu(
            F.group_norm(x, 2, w[f'{name}.gn.weight'], w[f'{name}.gn.bias']))

    x = pooled()
    y = torch.stack([conv(f'level_layers.{i}', x[:, i])
                     for i in range(4)]).amax(0)
    third = conv('convs.1', conv('convs.0', y))
    main = F.relu(
        F.conv_transpose2d(
            conv('convs.2', third), w['upsample.weight'], w['upsample.bias'],
            2))
    main = F.conv2d(main, w['conv_logits.weight'], w['conv_logits.bias'])
    short = conv('fc_convs.1', conv('fc_convs.0', third))
    short = F.linear(short.flatten(1), w['mask_fc.weight'],
                     w['mask_fc.bias']).view(7, 1, 10, 10)
    if fc_act_cfg:
        short = F.relu(short)
    found = head(x)
    assert found.shape == (7, 3, 10, 10)
    torch.testing.assert_close(found, main + short)
    assert w['fc_convs.1.conv.weight'].shape[0] == 2


def test_without_the_path_it_is_the_stock_head():
    head = build(num_levels=1, fc_fusion=False, norm_cfg=GN)
    assert not any('fc' in name for name in head.state_dict())
    stock = build('FCNMaskHead', num_convs=4, norm_cfg=GN)
    renamed = {}
    for key, value in head.state_dict().items():
        key = key.replace('level_layers.0', 'convs.-1')
        if key.startswith('convs.'):
            _, number, rest = key.split('.', 2)
            key = f'convs.{int(number) + 1}.{rest}'
        renamed[key] = value
    stock.load_state_dict(renamed)
    x = pooled(levels=1)
    assert torch.equal(head(x[:, 0]), stock(x[:, 0]))


def test_the_path_adds_to_every_class():
    head, plain = build(), build(fc_fusion=False)
    plain.load_state_dict(head.state_dict(), strict=False)
    nn.init.zeros_(head.mask_fc.weight)
    nn.init.zeros_(head.mask_fc.bias)
    assert torch.equal(head(pooled()), plain(pooled()))
    nn.init.ones_(head.mask_fc.bias)
    torch.testing.assert_close(head(pooled()), plain(pooled()) + 1)


@pytest.mark.parametrize('source', [1, 2, 4])
def test_reads_the_convolution_that_is_named(source):
    """Later convolutions have no influence on the path."""
    head = build(fc_source_conv=source)
    nn.init.zeros_(head.conv_logits.weight)
    nn.init.zeros_(head.conv_logits.bias)
    before = head(pooled())
    for number, conv in enumerate(head.convs, start=2):
        nn.init.normal_(conv.conv.weight)
        if number <= source:
            assert not torch.equal(head(pooled()), before)
            before = head(pooled())
        else:
            assert torch.equal(head(pooled()), before)


@pytest.mark.parametrize('upsample', [
    dict(type='deconv', scale_factor=2),
    dict(type='bilinear', scale_factor=2),
    dict(type=None),
])
def test_upsampling(upsample):
    head = build(
        upsample_cfg=upsample, roi_feat_size=(5, 4), class_agnostic=True)
    size = (5, 4) if upsample['type'] is None else (10, 8)
    assert head(pooled()[..., :4]).shape == (7, 1, *size)


def test_no_roi():
    head = build(norm_cfg=GN)
    masks = head(pooled(0))
    assert masks.shape == (0, 3, 10, 10)
    masks.sum().backward()
    assert all(p.grad is not None for p in head.parameters())


def test_parameters_and_initial_weights():
    head = build(
        randomise=False,
        in_channels=256,
        conv_out_channels=256,
        roi_feat_size=14)
    fc = head.mask_fc
    assert sum(p.numel() for p in fc.parameters()) == 19669776
    assert fc.weight.std().item() == pytest.approx(.01, .05)
    assert not fc.bias.any()


@pytest.mark.parametrize('kwargs, message', [
    (dict(fusion='mean'), "fusion must be one of .* is 'mean'"),
    (dict(num_convs=0), 'num_convs must be 1 or more'),
    (dict(fc_source_conv=5), 'from 1 to num_convs=4 but is 5'),
])
def test_refuses(kwargs, message):
    with pytest.raises(ValueError, match=message):
        build(**kwargs)


def test_refuses_another_extractor():
    with pytest.raises(
            ValueError,
            match='roi_head.mask_head.num_levels=4 .*mask_roi_extractor'):
        build()(pooled()[:, 0])
    with pytest.raises(ValueError, match=r'is \(5, 5\).* pools \(4, 4\)'):
        build()(pooled()[..., :4, :4])
