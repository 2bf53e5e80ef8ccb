import math

import pytest
import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

import mmseg_ext  # noqa: F401
from mmseg_ext.models.utils.head_capture import (capture_head,
                                                 penultimate_channels)
from mmseg_ext.models.utils.heads import redraw_weights


def build(**kwargs):
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            dict(
                type='DeepLabV2Head',
                in_channels=8,
                in_index=1,
                num_classes=5,
                align_corners=True,
                loss_decode=dict(type='CrossEntropyLoss',
                                 avg_non_ignore=True)), **kwargs))


def features():
    generator = torch.Generator().manual_seed(0)
    return [None, torch.randn(2, 8, 9, 13, generator=generator)]


@pytest.mark.parametrize('dilations', [(6, 12, 18, 24), (6, 12), (3, )])
def test_rates_are_summed(dilations):
    head = build(dilations=dilations)
    expected = sum(
        F.conv2d(features()[1], conv.weight, conv.bias, 1, d, d)
        for conv, d in zip(head.conv_seg.convs, dilations))
    found = head(features())
    assert found.shape == (2, 5, 9, 13)
    torch.testing.assert_close(found, expected)


def test_parameters_of_the_paper():
    head = build(in_channels=2048, num_classes=19)
    found = {k: tuple(v.shape) for k, v in head.state_dict().items()}
    assert found == {
        key: shape
        for i in range(4)
        for key, shape in ((f'conv_seg.convs.{i}.weight', (19, 2048, 3, 3)),
                           (f'conv_seg.convs.{i}.bias', (19, )))
    }


def test_features_and_logits_are_captured():
    head = build()
    assert penultimate_channels(head) == 8
    with capture_head(head) as captured:
        logits = head(features())
    assert captured.logits is logits
    assert torch.equal(captured.features, features()[1])


def test_initial_weights(tmp_path):
    head = build(in_channels=256)
    redraw_weights(head)
    weights = torch.cat([c.weight.flatten() for c in head.conv_seg.convs])
    assert weights.std().item() == pytest.approx(0.01, rel=0.02)
    bound = 1 / math.sqrt(9 * 256)
    for conv in head.conv_seg.convs:
        assert 0 < conv.bias.abs().max() <= bound
    torch.save(head.state_dict(), tmp_path / 'head.pth')
    other = build(
        in_channels=256,
        init_cfg=dict(
            type='Pretrained', checkpoint=str(tmp_path / 'head.pth')))
    other.init_weights()
    for key, value in other.state_dict().items():
        assert torch.equal(value, head.state_dict()[key]), key


def samples(labels):
    return [
        SegDataSample(gt_sem_seg=PixelData(data=label[None]))
        for label in labels
    ]


def test_loss_is_the_mean_over_labelled_pixels():
    head = build()
    labels = torch.randint(5, (2, 33, 49))
    labels[0, :20] = 255
    found = head.loss(features(), samples(labels), {})['loss_ce']
    logits = F.interpolate(
        head(features()), (33, 49), mode='bilinear', align_corners=True)
    expected = F.cross_entropy(logits, labels, ignore_index=255)
    torch.testing.assert_close(found, expected)


def test_loss_without_labelled_pixels_is_a_connected_zero():
    head = build()
    labels = torch.full((1, 33, 49), 255)
    feats = [None, features()[1][:1]]
    loss = head.loss(feats, samples(labels), {})['loss_ce']
    loss.backward()
    assert loss.item() == 0
    for name, parameter in head.named_parameters():
        assert parameter.grad is not None and not parameter.grad.any(), name


def test_binary_head():
    head = build(num_classes=2, out_channels=1, threshold=0.5)
    assert head(features()).shape == (2, 1, 9, 13)


def test_maps_of_several_levels():
    head = build(
        in_channels=[4, 8], in_index=[0, 1], input_transform='resize_concat')
    feats = [torch.randn(2, 4, 9, 13), features()[1]]
    assert head(feats).shape == (2, 5, 9, 13)
    assert penultimate_channels(head) == 12


def metas(padding=(0, 0, 0, 0)):
    return [dict(img_shape=(65, 97), img_path='a.png', padding_size=padding)]


def test_prediction_is_resized_once_or_twice():
    feats, whole = [None, features()[1][:1]], dict(mode='whole')
    twice = build().predict(feats, metas(), whole)
    assert twice.shape == (1, 5, 65, 97)
    head = build(resize_to_input=False)
    once = head.predict(feats, metas(), whole)
    assert torch.equal(once, head(feats))
    with pytest.raises(ValueError, match="mode='whole', but it is 'slide'"):
        head.predict(feats, metas(), dict(mode='slide'))
    with pytest.raises(ValueError, match='a.png has'):
        head.predict(feats, metas([0, 3, 0, 0]), whole)


@pytest.mark.parametrize('options, match', [
    (dict(dilations=()), 'dilations'),
    (dict(dilations=(6, 0)), 'dilations'),
    (dict(
        in_channels=[8, 8], in_index=[0, 1],
        input_transform='multiple_select'), 'input_transform'),
])
def test_wrong_options(options, match):
    with pytest.raises(ValueError, match=match):
        build(**options)
