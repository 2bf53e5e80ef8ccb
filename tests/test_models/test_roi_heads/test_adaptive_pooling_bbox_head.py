import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from torch import nn

import mmseg_ext  # noqa: F401

pytest.importorskip('mmdet')
from mmdet.registry import MODELS  # noqa: E402  isort: skip

GN = dict(type='GN', num_groups=2)
TWO_FCS = dict(fusion_layer='fc', num_shared_convs=0, num_shared_fcs=2)


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


def build(type='AdaptivePoolingBBoxHead', randomise=True, **kwargs):
    torch.manual_seed(0)
    head = MODELS.build(
        dict(
            dict(
                type=type,
                in_channels=6,
                roi_feat_size=3,
                conv_out_channels=4,
                fc_out_channels=8,
                num_classes=5), **kwargs))
    head.init_weights()
    if randomise:
        for parameter in head.parameters():
            nn.init.normal_(parameter, std=0.5)
    return head


def pooled(rois=7, levels=4):
    torch.manual_seed(1)
    return torch.randn(rois, levels, 6, 3, 3)


def gn(weights, name, x):
    return F.group_norm(x, 2, weights[f'{name}.weight'],
                        weights[f'{name}.bias'])


@pytest.mark.parametrize('fusion', ['max', 'sum'])
def test_heavier_head_equals_the_formula(fusion):
    head = build(norm_cfg=GN, fusion=fusion)
    w = head.state_dict()

    def conv(name, x):
        x = F.conv2d(x, w[f'{name}.conv.weight'], padding=1)
        return F.relu(gn(w, f'{name}.gn', x))

    def fc(name, x):
        return F.linear(x, w[f'{name}.weight'], w[f'{name}.bias'])

    x = pooled()
    each = torch.stack([conv(f'level_layers.{i}', x[:, i]) for i in range(4)])
    y = each.amax(0) if fusion == 'max' else each.sum(0)
    for i in range(3):
        y = conv(f'shared_convs.{i}', y)
    y = F.relu(fc('shared_fcs.0', y.flatten(1)))
    found = head(x)
    torch.testing.assert_close(found[0], fc('fc_cls', y))
    torch.testing.assert_close(found[1], fc('fc_reg', y))
    assert [tuple(f.shape) for f in found] == [(7, 6), (7, 20)]
    assert len(head.shared_convs) == 3 and head.num_shared_convs == 4


def test_head_of_two_fcs_equals_the_formula():
    head = build(fc_norm_cfg=GN, **TWO_FCS)
    w = head.state_dict()

    def fc(name, x):
        x = F.linear(x, w[f'{name}.fc.weight'], w[f'{name}.fc.bias'])
        return F.relu(gn(w, f'{name}.gn', x))

    x = pooled()
    y = torch.stack([
        fc(f'level_layers.{i}', x[:, i].flatten(1)) for i in range(4)
    ]).amax(0)
    y = fc('shared_fcs.0', y)
    torch.testing.assert_close(
        head(x)[0], F.linear(y, w['fc_cls.weight'], w['fc_cls.bias']))


def test_one_level_is_the_stock_head():
    head = build(num_levels=1, norm_cfg=GN)
    stock = build('Shared4Conv1FCBBoxHead', norm_cfg=GN)
    renamed = {}
    for key, value in head.state_dict().items():
        key = key.replace('level_layers.0', 'shared_convs.-1')
        if key.startswith('shared_convs.'):
            _, number, rest = key.split('.', 2)
            key = f'shared_convs.{int(number) + 1}.{rest}'
        renamed[key] = value
    stock.load_state_dict(renamed)
    x = pooled(levels=1)
    expected = stock(x[:, 0])
    for inputs in (x, x[:, 0]):
        for one, other in zip(head(inputs), expected):
            assert torch.equal(one, other)


def test_the_largest_level_decides():
    """Where one level is far above the others, nothing of them is left."""
    head = build(num_levels=4)
    for layer in head.level_layers:
        layer.load_state_dict(head.level_layers[0].state_dict())
        nn.init.dirac_(layer.conv.weight)
        nn.init.zeros_(layer.conv.bias)
    x = pooled()
    x[:, 3] += 100
    assert torch.equal(head.fuse_levels(x), x[:, 3, :4])


def test_gradients():
    """Of a tie, half to each; all of it to a level that is above."""
    head = build(in_channels=4, num_levels=2)
    for layer in head.level_layers:
        nn.init.dirac_(layer.conv.weight)
        nn.init.zeros_(layer.conv.bias)
    x = torch.ones(1, 2, 4, 3, 3)
    x[:, 1, 1] += 1
    x.requires_grad_()
    head.fuse_levels(x).sum().backward()
    assert (x.grad[:, :, 0] == .5).all()
    assert (x.grad[:, 0, 1] == 0).all() and (x.grad[:, 1, 1] == 1).all()


def test_no_roi():
    for kwargs in (dict(norm_cfg=GN), dict(fc_norm_cfg=GN, **TWO_FCS)):
        head = build(**kwargs)
        scores, deltas = head(pooled(0))
        (scores.sum() + deltas.sum()).backward()
        assert all(p.grad is not None for p in head.parameters())


@pytest.mark.parametrize('type', ['BN', 'SyncBN'])
def test_batch_norm_on_vectors(type):
    head = build(fc_norm_cfg=dict(type=type), **TWO_FCS)
    if type == 'SyncBN':
        from mmengine.model import revert_sync_batchnorm
        head = revert_sync_batchnorm(head)
    assert head(pooled())[0].shape == (7, 6)


def test_sum_does_not_overflow_in_half_precision():
    head = build(fusion='sum').bfloat16()
    x = pooled().bfloat16()
    each = torch.stack(
        [layer(level) for layer, level in zip(head.level_layers, x.unbind(1))])
    found = head.fuse_levels(x)
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, each.float().sum(0).bfloat16())


def test_initial_weights():
    head = build(
        randomise=False, fc_norm_cfg=GN, fc_out_channels=64, **TWO_FCS)
    weight = head.level_layers[2].fc.weight
    assert 0.95 < weight.abs().max() / (6 / (54 + 64))**.5 <= 1
    assert (head.level_layers[2].gn.weight == 1).all()
    assert head.fc_cls.weight.std() < 0.02 > head.fc_reg.weight.std() * 5
    conv = build(randomise=False, conv_out_channels=32).level_layers[1].conv
    assert conv.weight.std().item() == pytest.approx((2 / (32 * 9))**.5, .1)


def test_parameters():
    """Of the paper's two heads, with 80 classes."""
    full = dict(
        randomise=False,
        in_channels=256,
        roi_feat_size=7,
        conv_out_channels=256,
        fc_out_channels=1024,
        num_classes=80)
    outputs = 1025 * (81 + 320)
    convs = build(norm_cfg=dict(type='GN', num_groups=32), **full)
    assert (sum(p.numel() for p in convs.parameters()) == 7 *
            (256 * 256 * 9 + 512) + 1024 * 12545 + outputs)


@pytest.mark.parametrize('kwargs, message', [
    (dict(fusion='mean'), "fusion must be one of .* is 'mean'"),
    (dict(num_levels=0), 'num_levels must be 1 or more'),
    (dict(fusion_layer='mlp'), 'fusion_layer must be'),
    (dict(num_shared_convs=0), 'num_shared_convs >= 1'),
    (dict(fusion_layer='fc'), 'num_shared_convs=0'),
])
def test_refuses(kwargs, message):
    with pytest.raises(ValueError, match=message):
        build(**kwargs)


@pytest.mark.parametrize('shape', [(7, 6, 3, 3), (7, 3, 6, 3, 3)])
def test_refuses_another_extractor(shape):
    with pytest.raises(
            ValueError,
            match='roi_head.bbox_head.num_levels=4 .*bbox_roi_extractor'):
        build()(torch.randn(shape))
