import sys
from unittest.mock import patch

import numpy as np
import official_transunet as official
import pytest
import torch

import mmseg_ext  # noqa: F401

# isort: split
from mmseg.registry import MODELS

from mmseg_ext.models.utils.vit_hybrid_checkpoint import (convert_google,
                                                          convert_transunet)

GRID = 4  # of an image of 64 x 64


def backbone(variant, **options):
    return dict(
        type='HybridVisionTransformer',
        img_size=16 * GRID,
        base_channels=official.WIDTH,
        stage_blocks=official.BLOCKS,
        embed_dims=official.HIDDEN,
        num_layers=official.LAYERS,
        num_heads=official.HEADS,
        feedforward_channels=official.MLP,
        variant=variant,
        **options)


def segmentor():
    width = official.WIDTH
    return MODELS.build(
        dict(
            type='EncoderDecoder',
            backbone=backbone('transunet'),
            decode_head=dict(
                type='TransUNetHead',
                in_channels=(width, 4 * width, 8 * width, official.HIDDEN),
                head_channels=official.HEAD_CHANNELS,
                decoder_channels=official.DECODER,
                num_classes=official.CLASSES),
            test_cfg=dict(mode='whole'))).eval()


@pytest.fixture
def transunet():
    """Not the initial weights: small ones tell the variants apart."""
    torch.manual_seed(0)
    network = official.TransUNet(GRID).eval()
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            scale = 0.02 if value.dim() == 4 else 0.2
            value.normal_(0, scale)
        if 'var' in name:
            value.abs_().add_(0.5)
        if 'gn' in name and name.endswith('weight'):
            value.add_(1)
    return network


def test_transunet_parity(transunet):
    image = torch.randn(2, 3, 64, 64)
    ours = segmentor()
    ours.load_state_dict(convert_transunet(transunet.state_dict()))
    with torch.no_grad():
        features, logits = transunet(image)
        for got, wanted in zip(ours.backbone(image), features):
            torch.testing.assert_close(got, wanted, atol=1e-4, rtol=0)
        torch.testing.assert_close(
            ours._forward(image), logits, atol=1e-4, rtol=0)
        assert logits.std() > 0.01


@pytest.mark.parametrize('size', [(64, 64), (50, 61)])
def test_google_parity(size):
    arrays = official.google_arrays(GRID)
    ours = MODELS.build(backbone('google')).eval()
    ours.load_state_dict(convert_google(arrays))
    image = torch.randn(1, 3, *size)
    with torch.no_grad():
        wanted = official.google_forward(arrays, image)
        for got, expected in zip(ours(image), wanted):
            torch.testing.assert_close(
                got, expected.float(), atol=1e-4, rtol=1e-4)


def test_variants_are_not_interchangeable(transunet):
    state = convert_transunet(transunet.state_dict())
    state = {
        key[len('backbone.'):]: value
        for key, value in state.items() if key.startswith('backbone.')
    }
    image = torch.randn(1, 3, 64, 64)
    outputs = []
    for variant in ('transunet', 'google'):
        network = MODELS.build(backbone(variant)).eval()
        network.load_state_dict(state)
        with torch.no_grad():
            outputs.append(network(image)[-1])
    assert (outputs[0] - outputs[1]).abs().max() > 1e-2


def test_what_is_missing_or_unknown_is_named(transunet):
    arrays = official.google_arrays(GRID)
    for convert, source, key in ((convert_google, arrays, 'gn_root/bias'),
                                 (convert_transunet, transunet.state_dict(),
                                  'decoder.conv_more.0.weight')):
        lacking = dict(source)
        del lacking[key]
        with pytest.raises(ValueError, match=key):
            convert(lacking)
        with pytest.raises(ValueError, match='another.weight'):
            convert({**source, 'another.weight': source[key]})


def run(repo, tool, *args):
    import runpy
    path = str(repo / 'tools' / 'model_converters' / tool)
    with patch.object(sys, 'argv', [path, *map(str, args)]):
        runpy.run_path(path, run_name='__main__')


def test_tools(repo, tmp_path, transunet):
    np.savez(tmp_path / 'a.npz', **official.google_arrays(GRID))
    run(repo, 'vit_hybrid.py', tmp_path / 'a.npz', tmp_path / 'google.pth')
    torch.save(transunet.state_dict(), tmp_path / 'b.pth')
    run(repo, 'transunet.py', tmp_path / 'b.pth', tmp_path / 'transunet.pth')

    path = str(tmp_path / 'google.pth')
    model = MODELS.build(backbone('google', pretrained=path))
    model.init_weights()
    state = torch.load(path)['state_dict']
    assert state.keys() == model.state_dict().keys()
    for key, value in model.state_dict().items():
        assert torch.equal(value, state[key]), key
    with pytest.raises(ValueError, match="variant 'google'"):
        MODELS.build(backbone('transunet', pretrained=path)).init_weights()
    meta = torch.load(tmp_path / 'transunet.pth')['meta']
    assert meta['variant'] == 'transunet'
    with pytest.raises(SystemExit, match='a.npz|b.pth'):
        run(repo, 'vit_hybrid.py', tmp_path / 'b.pth', tmp_path / 'c.pth')
