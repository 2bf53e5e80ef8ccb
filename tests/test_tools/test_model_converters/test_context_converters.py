"""Converters of DANet and FastFCN: the same output from the same weights."""
import subprocess
import sys

import official_context_networks as official
import pytest
import torch
from mmseg.registry import MODELS
from torch import nn

import mmseg_ext  # noqa: F401
from mmseg_ext.models.utils.danet_checkpoint import convert_danet
from mmseg_ext.models.utils.fastfcn_checkpoint import convert_fastfcn

CLASSES = 5
NORM = dict(type='BN')
COMMON = dict(
    num_classes=CLASSES,
    norm_cfg=NORM,
    align_corners=True,
    loss_decode=dict(type='CrossEntropyLoss'))


def backbone(**kwargs):
    torch.manual_seed(0)
    cfg = dict(type='ResNet', depth=18, base_channels=4, stem_channels=4)
    return randomised(MODELS.build(dict(cfg, **kwargs)))


def randomised(network):
    official.randomise(network)
    network.eval()
    return network


def prefixed(prefix, network):
    return {f'{prefix}.{k}': v for k, v in network.state_dict().items()}


def danet_weights():
    torch.manual_seed(0)
    head = randomised(official.DANetHead(32, 8, CLASSES))
    weights = prefixed('pretrained', backbone()) | prefixed('head', head)
    weights['pretrained.fc.weight'] = torch.zeros(3, 32)
    return head, weights


@pytest.mark.parametrize('type', ['DAHead', 'EfficientDAHead'])
def test_danet(type):
    reference, weights = danet_weights()
    model = MODELS.build(
        dict(
            type='EncoderDecoder',
            backbone=dict(
                type='ResNet', depth=18, base_channels=4, stem_channels=4),
            decode_head=dict(
                type=type,
                in_channels=32,
                in_index=3,
                channels=8,
                pam_channels=4,
                **COMMON)))
    model.load_state_dict(convert_danet(weights), strict=True)
    model.eval()
    images = torch.randn(2, 3, 64, 96)
    with torch.no_grad():
        levels = model.extract_feat(images)
        for found, expected in zip(
                model.decode_head(levels), reference(levels[3])):
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
        for found, expected in zip(levels, backbone()(images)):
            torch.testing.assert_close(found, expected)


HEADS = dict(
    enc=(official.EncHead,
         dict(
             type='EfficientEncHead',
             in_channels=[8, 16, 24],
             in_index=(0, 1, 2),
             channels=6,
             num_codes=4,
             bottleneck_kernel_size=1)),
    psp=(official.PSPHead,
         dict(
             type='PSPHead',
             in_channels=24,
             in_index=2,
             channels=6,
             pool_scales=(1, 2, 3, 6))),
    deeplab=(official.DeepLabV3Head,
             dict(
                 type='ProjectedASPPHead',
                 in_channels=24,
                 in_index=2,
                 channels=6)))


def fastfcn(name):
    """Official JPU, head and auxiliary head, and the model for them."""
    torch.manual_seed(0)
    parts = nn.ModuleDict(
        dict(
            jpu=official.JointPyramidUpsampling((8, 16, 32), 6),
            head=HEADS[name][0](24, 6, CLASSES),
            auxlayer=official.FCNHead(16, 4, CLASSES)))
    cfg = dict(
        type='ResNetV1c',
        depth=18,
        base_channels=4,
        stem_channels=8,
        out_indices=(1, 2, 3))
    model = dict(
        type='EncoderDecoder',
        backbone=cfg,
        neck=dict(
            type='UndilatedJPU',
            in_channels=(8, 16, 32),
            mid_channels=6,
            align_corners=True),
        decode_head=dict(HEADS[name][1], **COMMON),
        auxiliary_head=dict(
            type='FCNHead',
            in_channels=16,
            in_index=1,
            channels=4,
            num_convs=1,
            concat_input=False,
            **COMMON))
    weights = {}
    for key, value in backbone(**cfg).state_dict().items():
        # the last norm of the stem lies outside it
        for ours, theirs in (('stem.7.', 'bn1.'), ('stem.', 'conv1.')):
            if key.startswith(ours):
                key = theirs + key[len(ours):]
        weights[f'module.pretrained.{key}'] = value
    randomised(parts)
    weights |= {f'module.{k}': v for k, v in parts.state_dict().items()}
    return parts, MODELS.build(model), weights


@pytest.mark.parametrize('name', HEADS)
def test_fastfcn(name):
    parts, model, weights = fastfcn(name)
    model.load_state_dict(convert_fastfcn(weights), strict=True)
    model.eval()
    images = torch.randn(2, 3, 93, 70)
    with torch.no_grad():
        levels = model.backbone(images)
        joined = parts['jpu'](*levels)
        maps = model.neck(levels)
        torch.testing.assert_close(maps[-1], joined, rtol=1e-4, atol=1e-5)
        found = model.decode_head(maps)
        found = found[0] if isinstance(found, tuple) else found
        torch.testing.assert_close(
            found, parts['head'](joined), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(
            model.auxiliary_head(maps), parts['auxlayer'](levels[1]))


def test_levels_have_to_be_reversed(monkeypatch):
    module = sys.modules[convert_fastfcn.__module__]
    monkeypatch.setattr(module, '_reverse_levels', lambda value, dim: value)
    parts, model, weights = fastfcn('psp')
    model.load_state_dict(convert_fastfcn(weights), strict=True)
    model.eval()
    with torch.no_grad():
        levels = model.backbone(torch.randn(2, 3, 93, 70))
        error = model.neck(levels)[-1] - parts['jpu'](*levels)
    assert error.abs().max() > 0.1


def test_errors():
    _, weights = danet_weights()
    with pytest.raises(ValueError, match="'head.other.weight' is none of its"):
        convert_danet(weights | {'head.other.weight': torch.zeros(1)})
    with pytest.raises(ValueError, match='lacks the weights of the cam'):
        convert_danet({
            k: v
            for k, v in weights.items() if not k.startswith('head.sc')
        })
    with pytest.raises(ValueError, match='lacks the weights of JPU'):
        convert_fastfcn(weights)


@pytest.mark.parametrize('tool', ['danet', 'fastfcn'])
def test_commands(repo, tmp_path, tool):
    weights = danet_weights()[1] if tool == 'danet' else fastfcn('psp')[2]
    torch.save(dict(state_dict=weights, epoch=3), tmp_path / 'src.pth')

    def run(src):
        return subprocess.run([
            sys.executable, repo / f'tools/model_converters/{tool}.py',
            tmp_path / src, tmp_path / 'dst.pth'
        ],
                              capture_output=True,
                              text=True)

    assert 'dst.pth: ' in run('src.pth').stdout
    convert = dict(danet=convert_danet, fastfcn=convert_fastfcn)[tool]
    found = torch.load(tmp_path / 'dst.pth')['state_dict']
    expected = convert(weights)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], expected[key]) for key in found)
    assert 'is no file' in run('none.pth').stderr
