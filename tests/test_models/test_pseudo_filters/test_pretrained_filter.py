import pytest
import torch
from mmseg.registry import MODELS

import mmseg_ext  # noqa: F401

RESNET = dict(type='ResNet', depth=18, base_channels=8, stem_channels=8)


@pytest.fixture(scope='module')
def weights():
    """Weights for images of three channels, named as torchvision's."""
    torch.manual_seed(1)
    state = MODELS.build(RESNET).state_dict()
    state = {k: torch.randn(v.shape).to(v.dtype) for k, v in state.items()}
    return dict(state, **{'fc.weight': torch.zeros(3, 64)})


def build(path, **kwargs):
    network = MODELS.build(
        dict(
            type='ErrorLocalizationNetwork',
            num_classes=4,
            backbone=RESNET,
            decode_head=dict(
                type='FCNHead',
                in_channels=64,
                in_index=3,
                channels=8,
                num_convs=1),
            pretrained=str(path),
            **kwargs))
    network.init_weights()
    return network.backbone.state_dict()


@pytest.mark.parametrize('layout', ['plain', 'segmentor'])
def test_all_but_the_first_convolution(tmp_path, weights, layout):
    saved = weights
    if layout == 'segmentor':
        saved = dict(
            state_dict={
                **{
                    f'backbone.{k}': v
                    for k, v in weights.items()
                }, 'decode_head.x': torch.zeros(1)
            })
    torch.save(saved, tmp_path / 'resnet.pth')
    state = build(tmp_path / 'resnet.pth')
    for key, value in state.items():
        if key == 'conv1.weight':
            assert value.shape == (8, 8, 7, 7)
        else:
            assert torch.equal(value, weights[key]), key


def test_shortcuts_left_out(tmp_path, weights):
    torch.save(weights, tmp_path / 'resnet.pth')
    state = build(tmp_path / 'resnet.pth', pretrained_shortcut=False)
    shortcuts = [k for k in state if 'downsample.0' in k]
    assert len(shortcuts) == 3
    for key in shortcuts:
        assert not torch.equal(state[key], weights[key])
    assert torch.equal(state['layer4.0.conv1.weight'],
                       weights['layer4.0.conv1.weight'])


def test_another_architecture(tmp_path, weights):
    other = {k: v for k, v in weights.items() if not k.startswith('layer4')}
    torch.save(other, tmp_path / 'resnet.pth')
    with pytest.raises(ValueError, match="'layer4.0.conv1.weight'.*nothing"):
        build(tmp_path / 'resnet.pth')


def test_missing_file(tmp_path):
    with pytest.raises(RuntimeError, match='`pretrained` .* None'):
        build(tmp_path / 'nowhere.pth')
