import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from torch import nn

import mmseg_ext  # noqa: F401

pytest.importorskip('mmdet')
from mmdet.registry import MODELS  # noqa: E402  isort: skip

CHANNELS = (4, 6, 8, 10)
SIZES = ((21, 26), (11, 13), (6, 7), (3, 4))


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


def build(type='PathAggregationFPN', **kwargs):
    torch.manual_seed(0)
    neck = MODELS.build(
        dict(
            dict(
                type=type,
                in_channels=list(CHANNELS),
                out_channels=8,
                num_outs=5), **kwargs))
    neck.init_weights()
    for parameter in neck.parameters():  # biases too
        nn.init.normal_(parameter, std=0.3)
    return neck


def maps(channels=CHANNELS):
    torch.manual_seed(1)
    return [torch.randn(2, c, *size) for c, size in zip(channels, SIZES)]


def test_equals_the_formula():
    neck = build(
        norm_cfg=dict(type='GN', num_groups=2),
        bottom_up_norm_cfg=dict(type='GN', num_groups=4),
        bottom_up_bias=True)
    fpn = build('FPN', norm_cfg=dict(type='GN', num_groups=2))
    weights = neck.state_dict()
    fpn.load_state_dict({key: weights[key] for key in fpn.state_dict()})
    top_down = fpn(maps())

    def conv(name, x, stride):
        x = F.conv2d(x, weights[f'{name}.conv.weight'],
                     weights[f'{name}.conv.bias'], stride, 1)
        return F.relu(
            F.group_norm(x, 4, weights[f'{name}.gn.weight'],
                         weights[f'{name}.gn.bias']))

    expected = [top_down[0]]
    for i in range(3):
        below = conv(f'downsample_convs.{i}', expected[-1], 2)
        expected.append(
            conv(f'bottom_up_convs.{i}', top_down[i + 1] + below, 1))
    expected.append(expected[-1][..., ::2, ::2])
    found = neck(maps())
    assert [tuple(x.shape[2:]) for x in found] == [*SIZES, (2, 2)]
    for one, other in zip(found, expected):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def test_recursion_runs_through_the_final_maps():
    """With copies and doubles for convolutions."""
    neck = build(bottom_up_act_cfg=None)
    for conv in (*neck.downsample_convs, *neck.bottom_up_convs):
        nn.init.dirac_(conv.conv.weight)
        nn.init.zeros_(conv.conv.bias)
    for conv in neck.bottom_up_convs:
        conv.conv.weight.data *= 2
    fpn = build('FPN')
    fpn.load_state_dict(neck.state_dict(), strict=False)
    found, top_down = neck(maps()), fpn(maps())
    assert torch.equal(found[0], top_down[0])
    for i in range(3):
        assert torch.equal(found[i + 1],
                           2 * (top_down[i + 1] + found[i][..., ::2, ::2]))


def test_differs_from_mmdets_pafpn_above_the_second_map():
    pafpn = build('PAFPN')
    neck = build(bottom_up_act_cfg=None)
    renamed = {
        key.replace('pafpn_convs', 'bottom_up_convs'): value
        for key, value in pafpn.state_dict().items()
    }
    neck.load_state_dict(renamed)
    with torch.no_grad():
        gaps = [(one - other).abs().max().item()
                for one, other in zip(neck(maps()), pafpn(maps()))]
    assert max(gaps[:2]) < 1e-5 and min(gaps[2:4]) > 1e-2, gaps


def test_refuses_weights_of_pafpn():
    model = nn.ModuleDict(dict(neck=build()))
    stock = nn.ModuleDict(dict(neck=build('PAFPN'))).state_dict()
    with pytest.raises(ValueError, match='of neck of the type PAFPN'):
        model.load_state_dict(stock)
    model.load_state_dict(model.state_dict())


@pytest.mark.parametrize('where', ['on_input', 'on_lateral', 'on_output'])
def test_extra_convolutions(where):
    neck = build(
        num_outs=6, add_extra_convs=where, relu_before_extra_convs=True)
    fpn = build(
        'FPN', num_outs=6, add_extra_convs=where, relu_before_extra_convs=True)
    assert set(fpn.state_dict()) <= set(neck.state_dict())
    found = neck(maps())
    assert [tuple(x.shape[2:]) for x in found] == [*SIZES, (2, 2), (1, 1)]
    if where == 'on_output':
        fifth = neck.fpn_convs[4](found[3])
        assert torch.equal(found[4], fifth)
        assert torch.equal(found[5], neck.fpn_convs[5](fifth.relu()))
    else:
        fpn.load_state_dict(neck.state_dict(), strict=False)
        assert torch.equal(found[4], fpn(maps())[4])


def test_parameters_of_the_path():
    norm = dict(type='GN', num_groups=32)
    with torch.device('meta'):
        neck, fpn = (MODELS.build(
            dict(
                type=type,
                in_channels=[256, 512, 1024, 2048],
                out_channels=256,
                num_outs=5,
                norm_cfg=norm,
                **kwargs)) for type, kwargs in ((
                    'PathAggregationFPN',
                    dict(bottom_up_norm_cfg=norm, bottom_up_bias=True)),
                                                ('FPN', {})))
    count = sum(p.numel()
                for p in neck.parameters()) - sum(p.numel()
                                                  for p in fpn.parameters())
    assert count == 6 * (590080 + 512)


def test_initial_weights():
    """Caffe2's Xavier: uniform within sqrt(3 / fan_in), and no bias."""
    neck = MODELS.build(
        dict(
            type='PathAggregationFPN',
            in_channels=CHANNELS,
            out_channels=32,
            num_outs=4))
    neck.init_weights()
    bound = (3 / (32 * 9))**.5
    for conv in (*neck.downsample_convs, *neck.bottom_up_convs):
        assert 0.98 * bound < conv.conv.weight.abs().max() <= bound
        assert not conv.conv.bias.any()


def test_behind_a_backbone_of_mmseg():
    backbone = MODELS.build(
        dict(
            type='mmseg.MixVisionTransformer',
            embed_dims=8,
            num_heads=[1, 1, 2, 2],
            num_layers=[1, 1, 1, 1]))
    neck = build(in_channels=(8, 8, 16, 16), start_level=1, num_outs=3)
    outputs = neck(backbone(torch.randn(1, 3, 64, 96)))
    assert [tuple(x.shape) for x in outputs] == [(1, 8, 8, 12), (1, 8, 4, 6),
                                                 (1, 8, 2, 3)]


def test_sizes_must_halve():
    inputs = maps()
    inputs[2] = inputs[2][..., :-1]
    with pytest.raises(
            ValueError, match=r'Input 2 .* \(6, 6\).* input 1, \(11, 13\)'):
        build(upsample_cfg=dict(mode='nearest'))(inputs)
