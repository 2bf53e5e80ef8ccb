import copy

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import register_all_modules

import mmseg_ext  # noqa: F401
from mmseg_ext.models.decode_heads.shape_stream import GatedConv2d, ShapeStream
from mmseg_ext.utils.boundary_map import boundary_map

register_all_modules()
BN = dict(type='BN')
HEAD = dict(
    type='GSCNNHead',
    in_channels=[8, 16, 32],
    in_index=[1, 2, 3],
    low_level_index=0,
    low_level_channels=4,
    stem_index=4,
    stem_channels=8,
    shape_channels=(8, 6, 4, 2),
    dilations=(1, 2),
    channels=8,
    num_classes=5,
    dropout_ratio=0.,
    norm_cfg=BN,
    align_corners=False)
MODEL = dict(
    type='ShapeStreamEncoderDecoder',
    stem_layer='stem',
    backbone=dict(
        type='ResNetV1c',
        depth=18,
        stem_channels=8,
        base_channels=4,
        strides=(1, 2, 1, 1),
        norm_cfg=BN),
    decode_head=HEAD)


def build(model=MODEL, **head):
    torch.manual_seed(0)
    cfg = copy.deepcopy(model)
    cfg['decode_head'].update(head)
    model = MODELS.build(cfg)
    model.init_weights()
    return model


def images(num=2):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(num, 3, 48, 64, generator=generator)


def samples(label):
    return [
        SegDataSample(gt_sem_seg=PixelData(data=one[None])) for one in label
    ]


def labels():
    generator = torch.Generator().manual_seed(1)
    small = torch.randn(2, 5, 4, 5, generator=generator)
    return torch.nn.functional.interpolate(small, (48, 64)).argmax(1)


def test_gate_of_zero_weights():
    """Then alpha is the sigmoid of the last bias."""
    gate = GatedConv2d(4, BN).eval()
    for layer in (gate.gate[1], gate.gate[3]):
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    torch.nn.init.constant_(gate.gate[4].bias, 0.4)
    shape, gating = torch.randn(2, 4, 5, 6), torch.randn(2, 1, 5, 6)
    factor = 1 + torch.tensor(0.4).sigmoid()
    torch.testing.assert_close(gate(shape, gating), gate.conv(factor * shape))


def test_gradient_reaches_the_gating_map():
    gating = torch.randn(2, 1, 5, 6, requires_grad=True)
    GatedConv2d(4, BN)(torch.randn(2, 4, 5, 6), gating).sum().backward()
    assert gating.grad.abs().sum() > 0


def test_parameters_of_the_paper():
    """Shape stream, and the convolution of edges and image gradient."""
    stream = ShapeStream((64, 32, 16, 8), BN)
    assert sum(p.numel() for p in stream.parameters()) + 2 == 103018


def test_initial_weights_of_the_authors():
    """Normal: Xavier's in gates, Kaiming's in blocks and classifier."""
    head = build(
        channels=64,
        num_classes=19,
        stem_channels=64,
        shape_channels=(64, 32, 16, 8)).decode_head
    stream, classifier = head.shape_stream, head.conv_seg
    expected = [(gate.conv.weight, (1 / gate.conv.in_channels)**0.5)
                for gate in stream.gates]
    expected += [(conv.weight, (2 / 9 / conv.out_channels)**0.5)
                 for block in stream.blocks
                 for conv in (block.conv1, block.conv2)]
    expected.append((classifier.weight, (2 / classifier.in_channels)**0.5))
    for weight, std in expected:
        assert abs(weight.std() / std - 1) < 3 / (2 * weight.numel())**0.5
        # a uniform draw ends at 1.73 deviations
        assert weight.abs().max() > 1.8 * std
    assert not classifier.bias.any()


def test_checkpointed_blocks_give_the_same():
    grads = []
    for with_cp in (False, True):
        # the dual loss draws noise
        model = build(with_cp=with_cp, loss_dual=None)
        losses = model.loss(images(), samples(labels()))
        sum(v for k, v in losses.items() if 'loss' in k).backward()
        grads.append([p.grad for p in model.parameters()])
    for plain, saving in zip(*grads):
        torch.testing.assert_close(plain, saving)


def test_features_stem_and_image():
    model = build()
    features = model.extract_feat(images())
    assert [f.shape[1] for f in features] == [4, 8, 16, 32, 8, 3]
    assert features[4].shape[2:] == (24, 32)
    assert torch.equal(features[5], images())
    torch.testing.assert_close(features[4], model.backbone.stem(images()))


def test_outputs():
    model = build().eval()
    with torch.no_grad():
        logits, edge = model.decode_head(model.extract_feat(images()))
        assert logits.shape == (2, 5, 12, 16) and edge.shape == (2, 1, 48, 64)
        whole = model.encode_decode(images(), [dict(img_shape=(48, 64))] * 2)
    assert whole.shape == (2, 5, 48, 64)


def test_a_stride_for_the_shape_stream():
    model = build(shape_stride=2)
    _, edge = model.decode_head(model.extract_feat(images()))
    assert edge.shape == (2, 1, 24, 32)
    assert model.loss(images(), samples(labels()))['decode.loss_edge'] > 0


@pytest.mark.parametrize('edge_resize, lost', [('bilinear', True),
                                               ('area', False)])
def test_thin_edges_at_the_size_of_the_aspp(edge_resize, lost):
    """Of 48x64 edges 3x4 are sampled, or means of 16x16 taken."""
    head = build(edge_resize=edge_resize).decode_head.eval()
    seen = []
    head.edge_conv.register_forward_pre_hook(
        lambda module, args: seen.append(args[0]))
    head.combine.register_forward_hook(lambda *args: thin)
    sizes = [(4, 12, 16), (8, 6, 8), (16, 3, 4), (32, 3, 4), (8, 24, 32),
             (3, 48, 64)]
    features = [torch.randn(1, *size) for size in sizes]
    thin = torch.full((1, 1, 48, 64), -99.)
    thin[..., 8] = 99.
    head(features)
    assert seen[0].shape[2:] == (3, 4)
    column = torch.zeros(1, 1, 3, 4)
    column[..., 0] = 0 if lost else 1 / 16
    torch.testing.assert_close(seen[0], column)


def test_norm_behind_the_aspp():
    model = build(with_bottleneck_norm=True)
    conv, dropout = model.decode_head.bottleneck
    assert isinstance(conv.norm, torch.nn.BatchNorm2d)
    assert conv.with_activation and dropout.p == 0.1
    model.loss(images(), samples(labels()))
    assert isinstance(build().decode_head.bottleneck, torch.nn.Conv2d)


def test_a_backbone_without_stem():
    cfg = copy.deepcopy(MODEL)
    cfg['stem_layer'] = None
    model = build(cfg, stem_index=None)
    assert model.decode_head(model.extract_feat(images()))[0].shape[1] == 5


def test_four_losses_reach_all_parameters():
    model = build()
    losses = model.loss(images(), samples(labels()))
    names = [key for key in losses if 'loss' in key]
    assert names == [
        'decode.loss_ce', 'decode.loss_edge', 'decode.loss_dual',
        'decode.loss_edge_attention'
    ]
    sum(losses[name] for name in names).backward()
    missing = [n for n, p in model.named_parameters() if p.grad is None]
    assert missing == []


def test_losses_can_be_left_out():
    model = build(loss_edge=None, loss_dual=None, loss_attention=None)
    losses = model.loss(images(), samples(labels()))
    assert [k for k in losses if 'loss' in k] == ['decode.loss_ce']
    losses['decode.loss_ce'].backward()
    assert all(p.grad is not None for p in model.parameters())


def test_each_loss_has_its_name():
    """Also where its config leaves the name out."""
    model = build(
        loss_edge=dict(type='BoundaryLoss'),
        loss_attention=dict(
            type='ImageWeightedCrossEntropyLoss', loss_weight=0.5))
    losses = model.loss(images(), samples(labels()))
    assert [key for key in losses if 'loss' in key] == [
        'decode.loss_ce', 'decode.loss_edge', 'decode.loss_dual',
        'decode.loss_edge_attention'
    ]


def test_edge_loss_of_logits():
    """The class-balanced binary cross entropy, written out."""
    model = build()
    label = labels()
    logits, edge = model.decode_head(model.extract_feat(images()))
    found = model.decode_head.loss_by_feat((logits, edge),
                                           samples(label))['loss_edge']
    truth = boundary_map(label, 2).float()
    positive = truth.mean()
    weight = torch.where(truth > 0, 1 - positive, positive)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        edge[:, 0], truth, weight)
    torch.testing.assert_close(found, 20 * expected)


def test_edges_of_the_pipeline_come_first():
    model = build()
    features = model.decode_head(model.extract_feat(images()))
    given = samples(labels())
    for sample in given:
        sample.gt_edge_map = PixelData(
            data=torch.zeros(1, 48, 64, dtype=torch.uint8))
    losses = model.decode_head.loss_by_feat(features, given)
    assert losses['loss_edge'] == 0


def test_attention_counts_sure_edges_alone():
    model = build(
        edge_threshold=0.5,
        loss_attention=dict(
            type='ImageWeightedCrossEntropyLoss',
            loss_name='loss_edge_attention'))
    head, label = model.decode_head, labels()
    logits = torch.randn(2, 5, 48, 64)
    edge = torch.full((2, 1, 48, 64), -9.)
    losses = head.loss_by_feat((logits, edge), samples(label))
    assert losses['loss_edge_attention'] == 0
    edge[:, :, :20] = 9.
    losses = head.loss_by_feat((logits, edge), samples(label))
    label[:, 20:] = 255
    expected = head.loss_decode(logits, label)
    torch.testing.assert_close(losses['loss_edge_attention'], expected)


@pytest.mark.parametrize('edge_threshold', [0.8, 0.])
def test_binary(edge_threshold):
    """One channel for two classes; at 0 all pixels are boundaries."""
    model = build(
        num_classes=2,
        out_channels=1,
        threshold=0.5,
        edge_threshold=edge_threshold)
    label = labels().clamp(max=1)
    label[:, :5] = 255
    losses = model.loss(images(), samples(label))
    if edge_threshold == 0:
        assert losses['decode.loss_edge_attention'] > 0
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    assert model.decode_head.conv_seg.weight.grad.abs().sum() > 0


def test_all_void():
    model = build()
    losses = model.loss(images(), samples(torch.full((2, 48, 64), 255)))
    total = sum(v for k, v in losses.items() if 'loss' in k)
    assert total == 0
    total.backward()


@pytest.mark.parametrize('head, message', [
    (dict(shape_channels=(8, 6, 4)), 'one number more'),
    (dict(shape_channels=(9, 6, 4, 2)), 'must begin with stem_channels'),
    (dict(in_index=[1, 2, -1]), 'must not be negative'),
    (dict(edge_resize='max'), 'edge_resize must be one of'),
    (dict(
        loss_decode=[
            dict(type='CrossEntropyLoss'),
            dict(type='DiceLoss', loss_name='loss_dice')
        ],
        loss_dual=dict(type='DualTaskLoss', loss_name='loss_dice')),
     "loss_dual.loss_name must not be .* but is 'loss_dice'"),
])
def test_errors(head, message):
    with pytest.raises(ValueError, match=message):
        build(**head)


def test_unknown_stem_layer():
    with pytest.raises(ValueError, match="stem_layer is 'mod1'"):
        build(dict(MODEL, stem_layer='mod1'))
