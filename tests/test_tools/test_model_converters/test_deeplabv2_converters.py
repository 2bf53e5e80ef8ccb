"""Checkpoints of AdaptSegNet and ADVENT against the nets they come from."""
import math

import pytest
import torch
import torch.nn.functional as F
from deeplabv2_helpers import NAMES, build, load_base, run
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from official_deeplabv2 import (CLASSES, RATES, classify, draw_discriminator,
                                draw_resnet101, draw_vgg16, judge,
                                resnet101_maps, vgg16_map)

from mmseg_ext.models.discriminators import FCDiscriminator
from mmseg_ext.models.utils.deeplabv2_checkpoint import (convert_discriminator,
                                                         convert_segmentor,
                                                         is_discriminator)


def assert_same(found, expected, tolerance=1e-4):
    assert found.shape == expected.shape
    # logits that are all alike would prove nothing
    assert expected.std() > 0.1
    difference = (found - expected).abs().max().item()
    assert difference < tolerance, difference


@pytest.fixture(scope='module')
def resnet():
    torch.manual_seed(0)
    return draw_resnet101()


@pytest.fixture(scope='module')
def segmentors(resnet):
    """Those of AdaptSegNet (two rates) and of ADVENT (four)."""
    return {
        rates:
        build(
            load_base('deeplabv2_r101-d8', rates),
            convert_segmentor(resnet, rates))
        for rates in (2, 4)
    }


def reference_logits(state, images, num_rates, batch=False):
    third, fourth = resnet101_maps(state, images, batch)
    rates = RATES[:num_rates]
    return (classify(state, 'layer5', third,
                     rates), classify(state, 'layer6', fourth, rates))


@torch.no_grad()
@pytest.mark.parametrize('num_rates', [2, 4])
@pytest.mark.parametrize('mode, size', [
    ('eval', (66, 130)),
    ('batch statistics', (66, 130)),
    pytest.param('eval', (512, 1024), marks=pytest.mark.slow),
])
def test_logits(resnet, segmentors, num_rates, mode, size):
    model = segmentors[num_rates].train(mode != 'eval')
    state_dict = {k: v.clone() for k, v in model.state_dict().items()}
    images = torch.randn(1, 3, *size)
    expected = reference_logits(resnet, images, num_rates, mode != 'eval')
    feats = model.extract_feat(images)
    found = (model.auxiliary_head.forward(feats),
             model.decode_head.forward(feats))
    model.load_state_dict(state_dict)
    for mine, theirs in zip(found, expected):
        assert_same(mine, theirs)
    if size == (512, 1024):
        assert found[1].shape[2:] == (65, 129)


def test_supervised_losses(resnet, segmentors):
    """Weighted cross-entropy of both levels, upsampled with aligned corners,
    over the labelled pixels."""
    images = torch.randn(2, 3, 65, 97)
    labels = torch.randint(CLASSES, (2, 65, 97))
    labels[0, 10:] = 255
    samples = [
        SegDataSample(gt_sem_seg=PixelData(data=label[None]))
        for label in labels
    ]
    with torch.no_grad():
        found = segmentors[4].eval().loss(images, samples)
        logits = reference_logits(resnet, images, 4)
    for name, weight, level in zip(('aux', 'decode'), (0.1, 1.), logits):
        level = F.interpolate(
            level, (65, 97), mode='bilinear', align_corners=True)
        log_prob = level.log_softmax(1)
        picked = log_prob.gather(1, labels.where(labels < 255, 0)[:, None])
        expected = -weight * picked[labels[:, None] < 255].mean()
        assert_same_value(found[f'{name}.loss_ce'], expected)


def assert_same_value(found, expected):
    assert found.item() == pytest.approx(expected.item(), rel=1e-4)


@torch.no_grad()
def test_vgg_logits():
    torch.manual_seed(0)
    state = draw_vgg16()
    model = build(
        load_base('deeplabv2_vgg16-d8', 2), convert_segmentor(state,
                                                              2)).eval()
    images = torch.randn(1, 3, 70, 90)
    found = model.decode_head.forward(model.extract_feat(images))
    expected = classify(state, 'classifier', vgg16_map(state, images),
                        RATES[:2])
    assert_same(found, expected)


@torch.no_grad()
@pytest.mark.parametrize('code', list(NAMES))
def test_discriminator(code):
    torch.manual_seed(0)
    state = draw_discriminator(NAMES[code])
    assert is_discriminator(state)
    discriminator = FCDiscriminator(CLASSES)
    discriminator.load_state_dict(convert_discriminator(state), strict=True)
    maps = torch.randn(2, CLASSES, 65, 97).softmax(1)
    found, expected = discriminator(maps), judge(state, NAMES[code], maps)
    # the target is 1: both losses of one map
    for sign in (1, -1):
        assert_same_value(
            F.softplus(sign * found).mean(),
            F.softplus(sign * expected).mean())
    torch.testing.assert_close(found, expected)


def official_map(logits, size, code):
    """What the discriminators of the official code see."""
    p = F.interpolate(
        logits, size, mode='bilinear', align_corners=True).softmax(1)
    if code == 'adaptsegnet':
        return p
    return -p * torch.log2(p + 1e-30) / math.log2(CLASSES)


@torch.no_grad()
@pytest.mark.parametrize('code, num_rates, align', [
    ('adaptsegnet', 2, 'probability'),
    ('advent', 4, 'self_information'),
])
def test_adversarial_losses(resnet, tmp_path, monkeypatch, code, num_rates,
                            align):
    """Segmentor and both discriminators in one file."""
    torch.manual_seed(0)
    judges = [draw_discriminator(NAMES[code]) for _ in range(2)]
    files = [tmp_path / name for name in ('net.pth', 'main.pth', 'aux.pth')]
    for state, path in zip((resnet, *judges), files):
        torch.save(state, path)
    run(monkeypatch, code, files[0], tmp_path / 'all.pth', '--discriminators',
        *files[1:])
    levels = ('decode_head', 'auxiliary_head')
    model = build(
        dict(
            type='DomainAdaptation',
            segmentor=load_base('deeplabv2_r101-d8', num_rates),
            adversaries=[
                dict(
                    align=align,
                    level=level,
                    discriminator=dict(type='FCDiscriminator'),
                    loss_weight=weight)
                for level, weight in zip(levels, (1e-3, 2e-4))
            ]),
        torch.load(tmp_path / 'all.pth', weights_only=True)['state_dict'])
    model.eval()

    sizes = dict(source=(66, 130), target=(64, 98))
    inputs = {key: torch.randn(1, 3, *size) for key, size in sizes.items()}
    samples = {
        key: [
            SegDataSample(
                gt_sem_seg=PixelData(data=torch.ones(1, *size).long()),
                valid_mask=PixelData(data=torch.ones(1, *size).bool()))
        ]
        for key, size in sizes.items()
    }
    found = model.loss(inputs, samples)
    logits = {
        key: reference_logits(resnet, images, num_rates)[::-1]
        for key, images in inputs.items()
    }
    for i, (level, weight) in enumerate(zip(levels, (1e-3, 2e-4))):
        source, target = (judge(judges[i], NAMES[code],
                                official_map(logits[key][i], size, code))
                          for key, size in sizes.items())
        assert_same_value(found[f'adversary.{level}.loss_adversarial'],
                          weight * F.softplus(target).mean())
        assert_same_value(
            found[f'adversary.{level}.loss_discriminator'],
            (F.softplus(source).mean() + F.softplus(-target).mean()) / 2)
