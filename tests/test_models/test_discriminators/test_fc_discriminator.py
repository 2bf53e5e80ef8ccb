import pytest
import torch
from mmseg.registry import MODELS
from torch import nn

from mmseg_ext.models.discriminators import FCDiscriminator


@pytest.mark.parametrize('classes, count', [(19, 2781121), (11, 2772929)])
def test_parameter_count(classes, count):
    model = FCDiscriminator(classes)
    assert sum(p.numel() for p in model.parameters()) == count


@pytest.mark.parametrize('size, scores', [((720, 1280), (22, 40)),
                                          ((512, 1024), (16, 32)),
                                          ((760, 1280), (23, 40)),
                                          ((360, 480), (11, 15))])
def test_size_of_the_scores(size, scores):
    model = FCDiscriminator(3, ndf=2)
    with torch.no_grad():
        assert model(torch.zeros(1, 3, *size)).shape == (1, 1, *scores)


def test_equals_the_layers_written_out():
    model = MODELS.build(dict(type='FCDiscriminator', in_channels=4, ndf=4))
    layers = []
    for conv in model.convs:
        layers += [conv, nn.LeakyReLU(0.2)]
    plain = nn.Sequential(*layers, model.classifier)
    widths = [4, 4, 8, 16, 32, 1]
    assert [(c.in_channels, c.out_channels) for c in plain
            if isinstance(c, nn.Conv2d)] == list(zip(widths, widths[1:]))
    maps = torch.randn(2, 4, 40, 64)
    torch.testing.assert_close(model(maps), plain(maps))
    assert list(model.state_dict())[0] == 'convs.0.weight'
    assert list(model.state_dict())[-1] == 'classifier.bias'


def test_channels_stop_at_eight_times_the_first():
    model = FCDiscriminator(3, ndf=2, num_convs=7)
    assert [conv.out_channels for conv in model.convs] == [2, 4, 8, 16, 16, 16]


def test_errors():
    with pytest.raises(ValueError, match='num_convs must be at least 2'):
        FCDiscriminator(3, num_convs=1)
    with pytest.raises(ValueError, match='at least 32x32 but got 16x64'):
        FCDiscriminator(3, ndf=2)(torch.zeros(1, 3, 16, 64))
