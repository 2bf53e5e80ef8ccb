import pytest
import torch
from mmseg.registry import MODELS
from torch import nn

from mmseg_ext.models.discriminators import PixelDiscriminator


def test_every_pixel_is_judged_by_itself():
    torch.manual_seed(0)
    model = PixelDiscriminator(6, (8, 4), init_cfg=None).eval()
    maps = torch.randn(2, 6, 5, 7)
    scores = model(maps)
    assert scores.shape == (2, 1, 5, 7)
    changed = maps.clone()
    changed[:, :, 2, 3] += 10
    differs = (model(changed) != scores).any(1)
    assert differs[:, 2, 3].all() and differs.sum() == 2
    assert all(conv.kernel_size == (1, 1) for conv in model.modules()
               if isinstance(conv, nn.Conv2d))


def test_defaults_are_those_of_the_reimplementation():
    model = MODELS.build(dict(type='PixelDiscriminator', in_channels=512))
    model.init_weights()
    convs = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert [(c.in_channels, c.out_channels) for c in convs] == [(512, 1024),
                                                                (1024, 1024),
                                                                (1024, 1)]
    weight = convs[1].weight
    # of a normal distribution of 1e-3, cut off at 2e-3
    assert weight.abs().max() <= 2e-3
    assert weight.std().item() == pytest.approx(8.8e-4, rel=0.02)


@pytest.mark.parametrize('first', [False, True])
def test_dropout(first):
    torch.manual_seed(0)
    model = PixelDiscriminator(4, (64, ), dropout_first=first, init_cfg=None)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == (['Conv2d', 'Dropout2d', 'ReLU']
                     if first else ['Conv2d', 'ReLU', 'Dropout'])
    maps = torch.randn(1, 4, 6, 6)
    assert not torch.equal(model(maps), model(maps))
    assert torch.equal(model.eval()(maps), model(maps))
    with pytest.raises(ValueError, match='dropout_ratio must be in'):
        PixelDiscriminator(4, dropout_ratio=1.)
