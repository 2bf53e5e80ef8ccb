import torch
from mmseg.registry import MODELS

import mmseg_ext  # noqa: F401


def test_two_layers_with_relu_between():
    projector = MODELS.build(
        dict(type='PixelProjector', in_channels=6, out_channels=3))
    first, _, second = projector.layers
    features = torch.randn(2, 6, 4, 5)
    flat = features.flatten(2).transpose(1, 2)
    hidden = (flat @ first.weight[:, :, 0, 0].T + first.bias).clamp(min=0)
    expected = hidden @ second.weight[:, :, 0, 0].T + second.bias
    found = projector(features)
    assert found.shape == (2, 3, 4, 5)
    torch.testing.assert_close(
        found.flatten(2).transpose(1, 2), expected, rtol=1e-4, atol=1e-5)


def test_hidden_channels():
    projector = MODELS.build(
        dict(type='PixelProjector', in_channels=6, hidden_channels=9))
    assert projector.layers[0].out_channels == 9
    assert projector.layers[2].out_channels == 128
