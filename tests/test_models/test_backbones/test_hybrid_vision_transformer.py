import pytest
import torch

import mmseg_ext  # noqa: F401

# isort: split
from mmseg.registry import MODELS


def tiny(**options):
    cfg = dict(
        type='HybridVisionTransformer',
        img_size=64,
        base_channels=8,
        stage_blocks=(1, 1, 1),
        num_groups=4,
        embed_dims=16,
        num_layers=2,
        num_heads=2,
        feedforward_channels=32)
    return MODELS.build(cfg | options)


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize('variant', ['google', 'transunet'])
def test_number_of_weights(variant):
    """As counted in the authors' code of TransUNet."""
    with torch.device('meta'):
        model = MODELS.build(
            dict(type='HybridVisionTransformer', variant=variant))
    assert count(model) == 97888576
    assert count(model.resnet) == 11894848


@pytest.mark.parametrize('variant', ['google', 'transunet'])
@pytest.mark.parametrize('size', [(64, 64), (96, 128), (33, 65)])
def test_shapes(variant, size):
    model = tiny(variant=variant).eval()
    maps = model(torch.randn(2, 3, *size))
    assert [x.shape[1] for x in maps] == [8, 32, 64, 16]
    for x, stride in zip(maps, (2, 4, 8, 16)):
        for side, whole in zip(x.shape[2:], size):
            assert side in (whole // stride, -(-whole // stride))
        assert x.isfinite().all()


def test_position_embedding_is_zoomed_between_corners():
    model = tiny()
    model.pos_embed.data.normal_()
    same = model._position((4, 4))
    assert same is model.pos_embed
    zoomed = model._position((7, 10))
    for y, x in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        torch.testing.assert_close(zoomed[..., y, x], model.pos_embed[..., y,
                                                                      x])
    # 7 entries over 4: every other one is an old one
    torch.testing.assert_close(zoomed[..., ::2, 0], model.pos_embed[..., 0])


def test_dropout_of_the_variants():
    drops = {
        variant: [
            layer.attn.proj_drop.p
            for layer in tiny(variant=variant, drop_rate=0.1).layers
        ]
        for variant in ('google', 'transunet')
    }
    assert drops == dict(google=[0.1, 0.1], transunet=[0., 0.])


def test_every_weight_gets_a_gradient():
    model = tiny()
    model.init_weights()
    assert model.resnet.stages[0][0].norm3.weight.abs().max() == 0
    sum(x.square().mean() for x in model(torch.randn(2, 3, 64, 64))).backward()
    assert [n for n, p in model.named_parameters() if p.grad is None] == []


def test_under_another_head():
    head = MODELS.build(
        dict(
            type='UPerHead',
            in_channels=[8, 32, 64, 16],
            in_index=[0, 1, 2, 3],
            channels=8,
            pool_scales=(1, 2),
            num_classes=5))
    maps = tiny().eval()(torch.randn(2, 3, 50, 70))
    assert head.eval()(maps).shape == (2, 5, 25, 35)


def test_checkpointing_changes_nothing():
    torch.manual_seed(0)
    image = torch.randn(1, 3, 64, 64)
    plain, saving = tiny(drop_rate=0.), tiny(drop_rate=0., with_cp=True)
    saving.load_state_dict(plain.state_dict())
    torch.testing.assert_close(plain(image)[-1], saving(image)[-1])


@pytest.fixture
def checkpoint(tmp_path):
    """The weights of one, and their file."""
    model = tiny()
    model.init_weights()
    path = str(tmp_path / 'encoder.pth')
    torch.save(dict(state_dict=model.state_dict()), path)
    return model, path


@pytest.mark.parametrize('img_size', [64, (96, 128)])
def test_checkpoint_of_another_grid_is_interpolated(checkpoint, img_size):
    source, path = checkpoint
    model = tiny(img_size=img_size, pretrained=path)
    model.init_weights()
    for key, value in model.state_dict().items():
        if key != 'pos_embed':
            assert torch.equal(value, source.state_dict()[key]), key
    expected = source._position(model.pos_embed.shape[2:])
    assert torch.equal(model.pos_embed, expected)


def test_checkpoint_that_does_not_fit_is_refused(checkpoint, tmp_path):
    source, path = checkpoint
    state = {f'backbone.{k}': v for k, v in source.state_dict().items()}
    whole = str(tmp_path / 'whole.pth')
    torch.save(dict(state_dict=state), whole)
    for broken in (
            dict(pretrained=whole),  # the prefix is forgotten
            dict(
                init_cfg=dict(
                    type='Pretrained', checkpoint=path, prefix='neck')),
            dict(init_cfg=[dict(type='Pretrained', checkpoint=whole)])):
        with pytest.raises(ValueError, match='init_cfg.*embed.*is missing'):
            tiny(**broken).init_weights()
    with pytest.raises(ValueError, match=r'but is \(1, 16, 4, 4\)'):
        tiny(pretrained=path, embed_dims=32).init_weights()
    model = tiny(
        init_cfg=dict(type='Pretrained', checkpoint=whole, prefix='backbone.'))
    model.init_weights()
    assert torch.equal(model.resnet.conv1.weight, source.resnet.conv1.weight)


def test_errors():
    for options, name in ((dict(variant='bit'), 'variant'), (dict(num_heads=3),
                                                             'embed_dims'),
                          (dict(num_groups=3), 'base_channels')):
        with pytest.raises(ValueError, match=name):
            tiny(**options)
