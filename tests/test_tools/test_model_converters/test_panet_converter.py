"""Converter of PANet: the same output from the same weights."""
import runpy
import sys

import official_panet as official
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import nn

import mmseg_ext  # noqa: F401
from mmseg_ext.models.utils.panet_checkpoint import convert_panet

pytest.importorskip('mmdet')
from mmdet.registry import MODELS  # noqa: E402  isort: skip


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


def network(**kwargs):
    torch.manual_seed(0)
    result = official.Network(**kwargs).eval()
    for module in result.modules():
        if isinstance(module, nn.GroupNorm):
            nn.init.uniform_(module.weight, .5, 1.5)
            nn.init.normal_(module.bias)
    return result


def model(repo, config):
    """The model of a config, as narrow as the network above."""
    cfg = Config.fromfile(str(repo / 'configs/panet' / config)).model
    width, norm = official.CHANNELS, dict(
        type='GN', num_groups=official.GROUPS)
    cfg.backbone.update(base_channels=4, init_cfg=None)
    cfg.neck.update(
        in_channels=official.WIDTHS,
        out_channels=width,
        norm_cfg=norm,
        bottom_up_norm_cfg=norm)
    cfg.rpn_head.update(in_channels=width, feat_channels=width)
    heads = cfg.roi_head
    heads.bbox_head.update(
        in_channels=width,
        conv_out_channels=width,
        fc_out_channels=official.HIDDEN,
        num_classes=official.CLASSES,
        norm_cfg=norm)
    if 'fc_norm_cfg' in heads.bbox_head:
        heads.bbox_head.fc_norm_cfg = norm
    if heads.mask_head is not None:
        heads.mask_head.update(
            in_channels=width,
            conv_out_channels=width,
            num_classes=official.CLASSES,
            norm_cfg=norm)
    return MODELS.build(cfg).eval()


@pytest.mark.parametrize(
    'config, kwargs', [('panet_r50_gn_ms-2x_coco_official.py', {}),
                       ('panet-box_2fc_r50_gn_1x_coco_official.py',
                        dict(box_head=official.BoxHead2FC, with_masks=False))])
@torch.no_grad()
def test_outputs_are_equal(repo, config, kwargs):
    reference, ours = network(**kwargs), model(repo, config)
    weights = {
        f'module.{key}': value
        for key, value in reference.state_dict().items()
    }
    ours.load_state_dict(convert_panet(weights), strict=True)
    images = torch.randn(1, 3, 96, 128)
    levels = ours.extract_feat(images)
    expected = reference.Conv_Body(images)
    assert len(levels) == 5
    for one, other in zip(levels, expected):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
    assert torch.equal(levels[4], levels[3][..., ::2, ::2])

    scores, deltas = ours.rpn_head(expected[:2])
    for i in range(2):
        for one, other in zip((scores[i], deltas[i]),
                              reference.RPN(expected[i])):
            torch.testing.assert_close(one, other)

    pooled = torch.randn(5, 4, official.CHANNELS, 7, 7)
    score, delta = ours.roi_head.bbox_head(pooled)
    theirs, boxes = reference.Box_Outs(reference.Box_Head(pooled.unbind(1)))
    # the background is their first class and our last one
    torch.testing.assert_close(score, theirs.roll(-1, 1))
    torch.testing.assert_close(delta, boxes[:, 4:])
    if kwargs:
        return
    pooled = torch.randn(5, 4, official.CHANNELS, 14, 14)
    torch.testing.assert_close(
        ours.roi_head.mask_head(pooled),
        reference.masks(pooled.unbind(1))[:, 1:])


def test_conventions_of_the_official_code(repo):
    cfg = Config.fromfile(
        str(repo / 'configs/panet/panet_r50_gn_ms-2x_coco_official.py')).model
    assert cfg.roi_head.mask_head.fc_act_cfg.type == 'ReLU'
    for name in ('bbox', 'mask'):
        layer = cfg.roi_head[f'{name}_roi_extractor'].roi_layer
        assert layer.aligned is False and layer.sampling_ratio == 2
    assert cfg.rpn_head.anchor_generator.type == 'LegacyAnchorGenerator'
    assert cfg.roi_head.bbox_head.bbox_coder.type.startswith('Legacy')
    assert cfg.roi_head.bbox_head.loss_bbox.beta == 1 / 3


def test_tool(repo, tmp_path, monkeypatch):
    """The file of the official code holds more than weights."""
    source = dict(
        step=180000,
        train_size=118287,
        batch_size=16,
        model=network().state_dict(),
        optimizer=dict(state={}, param_groups=[dict(lr=.02)]))
    torch.save(source, tmp_path / 'model_step179999.pth')
    tool = str(repo / 'tools/model_converters/panet.py')
    arguments = [tmp_path / 'model_step179999.pth', tmp_path / 'out.pth']
    monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
    runpy.run_path(tool, run_name='__main__')
    converted = torch.load(tmp_path / 'out.pth')
    assert converted['meta']['source'] == 'official PANet code'
    assert 'neck.bottom_up_convs.0.conv.bias' in converted['state_dict']


@pytest.mark.parametrize('weights, message', [
    ({
        'neck.pafpn_convs.0.conv.weight': torch.ones(1)
    }, 'PAFPN'),
    ({
        'RPN.FPN_RPN_conv.bias': torch.ones(1)
    }, 'lacks the weights of the bottom-up path'),
    ({
        'Conv_Body.panet_buttomup_conv1_modules.0.0.bias': torch.ones(1),
        'Keypoint_Head.fc.bias': torch.ones(1)
    }, "'Keypoint_Head.fc.bias' is none"),
])
def test_refuses(weights, message):
    with pytest.raises(ValueError, match=message):
        convert_panet(weights)
