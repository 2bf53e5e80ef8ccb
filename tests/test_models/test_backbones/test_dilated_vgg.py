import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS
from torch import nn

import mmseg_ext  # noqa: F401
from mmseg_ext.models.utils.head_capture import capture_head


def build(**kwargs):
    torch.manual_seed(0)
    return MODELS.build(
        dict(dict(type='DilatedVGG', fc_channels=16), **kwargs))


def numbers(kind, features):
    return [i for i, layer in enumerate(features) if isinstance(layer, kind)]


def test_forward_step_by_step():
    backbone = build(fc_kernel_sizes=(7, 3), fc_dilations=(4, 2)).eval()
    state = backbone.state_dict()

    def conv(x, name, dilation=1, kernel=3):
        return F.conv2d(
            x,
            state[f'{name}.weight'],
            state[f'{name}.bias'],
            padding=dilation * (kernel // 2),
            dilation=dilation).relu()

    images = torch.randn(1, 3, 50, 67)
    x, expected = images, []
    # numbers of torchvision: 23 is the pooling that is left out
    stages = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))
    for index, stage in enumerate(stages):
        for number in stage:
            x = conv(x, f'features.{number}', 2 if index == 4 else 1)
        if index < 3:
            x = F.max_pool2d(x, 2, 2)
        expected.append(x)
    x = conv(conv(x, 'fc6', 4, 7), 'fc7', 2, 3)
    backbone.out_indices = (5, 4, 3, 2)
    found = backbone(images)
    assert found[0].shape == (1, 16, 6, 8)
    for mine, theirs in zip(found, [x, *expected[:1:-1]]):
        torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize('fc, count', [
    (dict(fc_channels=4096), 134_260_544),
    (dict(fc_channels=1024, fc_kernel_sizes=(3, 3),
          fc_dilations=(4, 4)), 28_872_512),
])
def test_networks_of_the_papers(fc, count):
    """Their figures are those of a VGG-16 without a classifier."""
    with torch.device('meta'):
        backbone = build(**fc)
        maps = backbone.eval()(torch.empty(1, 3, 512, 1024))
    assert sum(p.numel() for p in backbone.parameters()) == count
    assert maps[0].shape == (1, fc['fc_channels'], 64, 128)


def test_segmentor_of_fcns_in_the_wild(repo):
    cfg = Config.fromfile(
        repo / 'configs/_base_/models/fcn_dilated-vgg16-d8.py').model
    cfg.pretrained = None
    with DefaultScope.overwrite_default_scope('mmseg'), torch.device('meta'):
        model = MODELS.build(cfg)
        with capture_head(model.decode_head) as captured:
            logits = model(torch.empty(1, 3, 512, 1024))
    # the classifier alone lies behind the features
    assert captured.features.shape == (1, 4096, 64, 128)
    assert logits.shape == (1, 19, 64, 128)
    count = sum(p.numel() for p in model.parameters())
    assert count == 134_260_544 + 19 * 4097


@pytest.mark.parametrize('depth, with_bn', [(11, False), (16, True),
                                            (19, False)])
def test_layers_have_the_numbers_of_torchvision(depth, with_bn):
    blocks = {11: (1, 1, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
    expected, number = [], 0
    for count in blocks[depth]:
        for _ in range(count):
            expected.append(number)
            number += 3 if with_bn else 2
        number += 1
    backbone = build(depth=depth, with_bn=with_bn)
    assert numbers(nn.Conv2d, backbone.features) == expected
    assert len(numbers(nn.MaxPool2d, backbone.features)) == 3


def test_dropout_behind_both_layers():
    backbone = build(dropout_ratio=0.5).train()
    images = torch.randn(1, 3, 32, 32)
    assert not torch.equal(backbone(images)[0], backbone(images)[0])
    backbone = build(dropout_ratio=0.).train()
    assert torch.equal(backbone(images)[0], backbone(images)[0])


def classifier_file(tmp_path, backbone, order):
    """The weights of a classifier, as torchvision or caffe number them."""
    state = {
        key: torch.randn(value.shape)
        for key, value in backbone.features.state_dict(
            prefix='features.').items()
    }
    for number, shape in zip(order, ((16, 512 * 49), (16, 16), (10, 16))):
        state[f'classifier.{number}.weight'] = torch.randn(shape)
        state[f'classifier.{number}.bias'] = torch.randn(shape[0])
    torch.save(state, tmp_path / 'vgg.pth')
    return state, str(tmp_path / 'vgg.pth')


@pytest.mark.parametrize('order', [(0, 3, 6), (1, 4, 6)])
def test_weights_of_a_classifier(tmp_path, order):
    state, path = classifier_file(tmp_path, build(), order)
    backbone = build(pretrained=path)
    backbone.init_weights()
    for key, value in backbone.features.state_dict(prefix='features.').items():
        assert torch.equal(value, state[key]), key
    # on one window the convolution is the fully connected layer
    window = torch.randn(1, 512, 7, 7)
    first = state[f'classifier.{order[0]}.weight']
    expected = F.linear(
        window.flatten(1), first, state[f'classifier.{order[0]}.bias'])
    found = F.conv2d(window, backbone.fc6.weight, backbone.fc6.bias)
    torch.testing.assert_close(
        found.flatten(1), expected, rtol=1e-4, atol=1e-2)
    assert torch.equal(
        backbone.fc7.weight.flatten(1), state[f'classifier.{order[1]}.weight'])
    assert torch.equal(backbone.fc7.bias, state[f'classifier.{order[1]}.bias'])


def test_layers_of_another_shape_are_drawn(tmp_path):
    state, path = classifier_file(tmp_path, build(), (0, 3, 6))
    backbone = build(
        fc_kernel_sizes=(3, 3), fc_dilations=(4, 4), pretrained=path)
    backbone.init_weights()
    assert torch.equal(backbone.features[0].weight, state['features.0.weight'])
    assert backbone.fc6.weight.std().item() == pytest.approx(
        (2 / (9 * 512))**0.5, rel=0.05)


def test_own_checkpoint_loads_with_nothing_left():
    backbone = build()
    other = build()
    nn.init.zeros_(other.fc7.weight)
    other.load_state_dict(backbone.state_dict(), strict=True)
    assert torch.equal(other.fc7.weight, backbone.fc7.weight)


@pytest.mark.parametrize('options, match', [
    (dict(depth=15), 'depth .* 15'),
    (dict(fc_kernel_sizes=(4, 1)), 'fc_kernel_sizes'),
    (dict(out_indices=(6, )), 'out_indices'),
    (dict(pretrained='x', init_cfg=dict(type='Kaiming')), 'exclude'),
])
def test_wrong_options(options, match):
    with pytest.raises(ValueError, match=match):
        build(**options)
