import pytest
import torch
from mmseg.registry import MODELS

import mmseg_ext  # noqa: F401


def build(**kwargs):
    return MODELS.build(dict(dict(type='DeepLabV2ResNet'), **kwargs))


@pytest.mark.parametrize('size, expected', [
    ((512, 1024), (65, 129)),
    ((720, 1280), (91, 161)),
    ((360, 480), (46, 61)),
])
def test_sizes_of_the_maps(size, expected):
    with torch.device('meta'):
        maps = build(depth=18)(torch.empty(1, 3, *size))
    for x in maps[1:]:
        assert tuple(x.shape[2:]) == expected


def test_network_of_the_papers():
    with torch.device('meta'):
        backbone = build()
    # stride in the first convolution, dilation in all blocks of a stage
    block = backbone.layer2[0]
    assert block.conv1.stride == (2, 2) and block.conv2.stride == (1, 1)
    for stage, dilation in ((backbone.layer3, 2), (backbone.layer4, 4)):
        assert {b.conv2.dilation[0] for b in stage} == {dilation}
    sizes = [len(getattr(backbone, f'layer{i}')) for i in (1, 2, 3, 4)]
    assert sizes == [3, 4, 23, 3]
    learned = {
        name
        for name, p in backbone.named_parameters() if p.requires_grad
    }
    assert not any('bn' in name or 'downsample.1' in name for name in learned)
    assert len(learned) == 104


def test_batch_statistics_are_used():
    backbone = build(depth=18)
    backbone.train()
    before = backbone.bn1.running_mean.clone()
    backbone(torch.randn(2, 3, 32, 32))
    assert not torch.equal(backbone.bn1.running_mean, before)


def test_initial_weights():
    backbone = build(depth=18)
    backbone.init_weights()
    conv = backbone.layer3[0].conv2
    assert conv.weight.std().item() == pytest.approx(0.01, rel=0.02)
    # a frozen scale of zero would never let its block learn
    for block in backbone.layer3:
        assert torch.equal(block.bn2.weight, torch.ones(256))


@pytest.mark.parametrize('prefix', [None, 'Scale'])
def test_pretrained_weights(tmp_path, prefix):
    """Those of the official code have a prefix and a head."""
    state = build(depth=18).state_dict()
    start = f'{prefix}.' if prefix else ''
    published = {f'{start}{key}': value for key, value in state.items()}
    published[f'{start}layer5.conv2d_list.0.bias'] = torch.zeros(21)
    torch.save(published, tmp_path / 'init.pth')
    cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'init.pth'))
    if prefix:
        cfg['prefix'] = prefix
    backbone = build(depth=18, init_cfg=cfg)
    backbone.init_weights()
    for key, value in backbone.state_dict().items():
        assert torch.equal(value, state[key]), key


def test_pretrained_of_the_segmentor(tmp_path):
    torch.save(build(depth=18).state_dict(), tmp_path / 'init.pth')
    backbone = build(depth=18, pretrained=str(tmp_path / 'init.pth'))
    backbone.init_weights()
    saved = torch.load(tmp_path / 'init.pth', weights_only=True)
    assert torch.equal(backbone.conv1.weight, saved['conv1.weight'])
