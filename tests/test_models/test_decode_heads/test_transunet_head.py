import pytest
import torch

import mmseg_ext  # noqa: F401

# isort: split
from mmseg.registry import MODELS

CHANNELS = (4, 8, 12, 16)


def build(**options):
    cfg = dict(
        type='TransUNetHead',
        in_channels=CHANNELS,
        head_channels=16,
        decoder_channels=(12, 8, 6, 4),
        num_classes=5)
    return MODELS.build(cfg | options)


def maps(size=(32, 48)):
    return [
        torch.randn(2, channels, *(-(-side // stride) for side in size))
        for channels, stride in zip(CHANNELS, (2, 4, 8, 16))
    ]


def test_number_of_weights():
    """As counted in the authors' code, with 3 outputs."""
    with torch.device('meta'):
        head = MODELS.build(dict(type='TransUNetHead', num_classes=3))
    classifier = sum(p.numel() for p in head.conv_seg.parameters())
    assert classifier == 435
    assert sum(p.numel() for p in head.parameters()) == 7387200 + 435
    assert [block.conv1.conv.in_channels
            for block in head.blocks] == [1024, 512, 192, 64]


@pytest.mark.parametrize('size', [(32, 48), (40, 36)])
def test_sizes(size):
    assert build()(maps(size)).shape == (2, 5, *size)


def test_fewer_skips_and_blocks():
    head = build(num_skips=1)
    assert [block.conv1.conv.in_channels
            for block in head.blocks] == [28, 12, 8, 6]
    fine = maps()
    logits = head.eval()(fine)
    fine[0], fine[1] = fine[0] + 1, fine[1] + 1
    torch.testing.assert_close(head(fine), logits)
    assert build(decoder_channels=(12, 8, 6))(maps()).shape[2:] == (16, 24)


def test_width_factor():
    head = build(width_factor=1.5)
    assert head.conv_more.conv.out_channels == 24
    assert [block.conv2.conv.out_channels
            for block in head.blocks] == [18, 12, 9, 6]
    assert head.conv_seg.in_channels == 6 and head(maps()).shape[1] == 5


def test_trains():
    head = build()
    head.init_weights()
    head(maps()).square().mean().backward()
    assert all(p.grad is not None for p in head.parameters())


def test_too_many_skips():
    with pytest.raises(ValueError, match='num_skips'):
        build(num_skips=4)
    with pytest.raises(ValueError, match='num_skips'):
        build(decoder_channels=(8, 8))
