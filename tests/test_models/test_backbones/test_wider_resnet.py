import pytest
import torch
from mmseg.registry import MODELS

import mmseg_ext  # noqa: F401


def build(**kwargs):
    cfg = dict(type='WiderResNet', depth=16, base_channels=4)
    return MODELS.build(dict(cfg, **kwargs))


def test_paper_network():
    with torch.device('meta'):
        backbone = build(depth=38, base_channels=64)
        maps = backbone(torch.empty(1, 3, 128, 256))
    assert [tuple(x.shape[1:]) for x in maps] == [
        (128, 64, 128),
        (256, 32, 64),
        (512, 16, 32),
        (1024, 16, 32),
        (2048, 16, 32),
        (4096, 16, 32),
    ]
    assert len(backbone.mod4) == 6 and len(backbone.mod5) == 3
    block = backbone.mod5[0]
    assert block.conv1.dilation == block.conv2.dilation == (2, 2)
    assert backbone.mod6[0].conv2.dilation == (4, 4)
    assert backbone.mod6[0].dropout.p == 0.3
    assert backbone.mod7[0].dropout.p == 0.5
    # raw input where the shape stays, a projection where it changes
    assert backbone.mod5[1].shortcut is None and block.shortcut is not None
    number = sum(p.numel() for p in backbone.parameters())
    assert round(number / 1e6, 2) == 105.06


def test_other_stride_and_outputs():
    backbone = build(
        strides=(2, 2, 1, 1), dilations=(1, 1, 2, 2), out_indices=(1, 5))
    maps = backbone(torch.randn(2, 3, 64, 64))
    assert [x.shape[-1] for x in maps] == [16, 4]
    # of a bottleneck too
    maps = build(
        strides=(2, 1, 2, 1), out_indices=(3, 4))(
            torch.randn(2, 3, 64, 64))
    assert [x.shape[-1] for x in maps] == [8, 4]


def test_checkpointing_keeps_gradients():
    images = torch.randn(2, 3, 32, 32)
    gradients = []
    for with_cp in (False, True):
        torch.manual_seed(0)
        backbone = build(with_cp=with_cp, dropout_ratios=(0, 0))
        backbone(images)[-1].square().mean().backward()
        gradients.append([p.grad for p in backbone.parameters()])
    for plain, again in zip(*gradients):
        torch.testing.assert_close(plain, again)


def test_frozen_modules_and_norm_eval():
    backbone = build(frozen_modules=3, norm_eval=True).train()
    assert not any(p.requires_grad for p in backbone.mod3.parameters())
    assert all(p.requires_grad for p in backbone.mod4.parameters())
    assert not backbone.mod4[0].bn1.training


@pytest.mark.parametrize('kwargs, field', [
    (dict(depth=50), 'depth'),
    (dict(out_indices=(6, )), 'out_indices'),
    (dict(out_indices=()), 'out_indices'),
    (dict(frozen_modules=9), 'frozen_modules'),
])
def test_refuses(kwargs, field):
    with pytest.raises(ValueError, match=field):
        build(**kwargs)
