import math

import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS

import mmseg_ext  # noqa: F401
from mmseg_ext.models.utils.modes import eval_dropout

CLASSES = 4


def small(**kwargs):
    cfg = dict(
        type='ErrorLocalizationNetwork',
        num_classes=CLASSES,
        backbone=dict(
            type='ResNet',
            depth=18,
            base_channels=8,
            stem_channels=8,
            strides=(1, 2, 2, 1),
            dilations=(1, 1, 1, 1)),
        decode_head=dict(
            type='DeepLabV3PlusHead',
            in_channels=64,
            in_index=3,
            channels=8,
            c1_in_channels=8,
            c1_channels=4))
    torch.manual_seed(0)
    return MODELS.build(dict(cfg, **kwargs))


def batch(num_classes=CLASSES):
    generator = torch.Generator().manual_seed(0)
    return dict(
        images=torch.randn(2, 3, 33, 41, generator=generator),
        logits=5 * torch.randn(2, num_classes, 9, 11, generator=generator),
        seg_label=torch.randint(num_classes, (2, 33, 41), generator=generator),
        valid_mask=torch.ones(2, 33, 41, dtype=torch.bool))


def inputs(data):
    return data['images'], data['logits']


def constant(network, value):
    """Make a network's output one value at every pixel."""
    torch.nn.init.zeros_(network.decode_head.conv_seg.weight)
    torch.nn.init.constant_(network.decode_head.conv_seg.bias, value)
    return network


@pytest.mark.parametrize('pred_input', ['logits', 'prob'])
@pytest.mark.parametrize('align_corners', [True, False])
def test_reads_image_entropy_and_prediction(pred_input, align_corners):
    network = small(pred_input=pred_input, align_corners=align_corners)
    seen = []
    network.backbone.register_forward_pre_hook(lambda _, x: seen.append(x[0]))
    data = batch()
    network(*inputs(data))
    logits = F.interpolate(
        data['logits'], (33, 41), mode='bilinear', align_corners=align_corners)
    prob = logits.softmax(1)
    entropy = -(prob * prob.log()).sum(1, keepdim=True)
    shown = logits if pred_input == 'logits' else prob
    expected = torch.cat([data['images'], entropy, shown], 1)
    assert seen[0].shape == (2, 4 + CLASSES, 33, 41)
    torch.testing.assert_close(seen[0], expected, rtol=1e-4, atol=1e-4)


def test_network_of_the_paper():
    network = MODELS.build(
        dict(
            type='ErrorLocalizationNetwork',
            num_classes=21,
            align_corners=True))
    count = sum(p.numel() for p in network.parameters())
    assert round(count / 1e6, 2) == 26.91
    assert network.backbone.conv1.weight.shape == (64, 25, 7, 7)
    assert network.decode_head.bottleneck[1].p == 0.5
    assert network.decode_head.align_corners
    with torch.no_grad():
        out = network(torch.randn(1, 3, 65, 65), torch.randn(1, 21, 17, 17))
    assert out.shape == (1, 1, 17, 17)


@pytest.mark.parametrize('value, kept', [(1., True), (0., False),
                                         (-1., False)])
def test_keeps_where_the_output_is_positive(value, kept):
    network = constant(small(), value)
    data = batch()
    selected = network.select(*inputs(data))
    assert torch.equal(selected.labels, data['logits'].argmax(1))
    assert selected.keep.shape == selected.score.shape == (2, 9, 11)
    assert selected.keep.eq(kept).all()
    expected = torch.tensor(value).sigmoid()
    torch.testing.assert_close(selected.score, expected.expand(2, 9, 11))
    valid, score = network.localize(*inputs(data))
    assert torch.equal(valid, selected.keep)
    assert torch.equal(score, selected.score)


def test_threshold_is_a_probability():
    data = batch()
    network = small().eval()
    score = network.select(*inputs(data)).score
    middle = float(score.median())
    network = small(threshold=middle).eval()
    kept = network.select(*inputs(data)).keep
    clear = (score - middle).abs() > 1e-6
    assert torch.equal(kept[clear], (score > middle)[clear])
    assert 0.4 < kept.float().mean() < 0.6
    with pytest.raises(ValueError, match=r'threshold must be in \(0, 1\)'):
        small(threshold=1.)


def test_resizes_before_the_sigmoid():
    network = small(align_corners=True).eval()
    data = batch()
    with torch.no_grad():
        judged = network(*inputs(data))
    data['logits'] = F.interpolate(data['logits'], (17, 21), mode='nearest')
    network.judge = lambda *args: judged
    expected = F.interpolate(
        judged, (17, 21), mode='bilinear', align_corners=True).sigmoid()
    selected = network.select(*inputs(data))
    torch.testing.assert_close(selected.score, expected[:, 0])


def test_selection_has_no_gradient():
    network = small()
    data = batch()
    data['logits'].requires_grad_()
    assert not network.select(*inputs(data)).score.requires_grad


def test_gradient_of_the_loss_reaches_the_network_only():
    network = small()
    data = batch()
    data['images'].requires_grad_()
    data['logits'].requires_grad_()
    network.loss(**data)['loss_eln'].backward()
    assert data['logits'].grad is None
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name


def test_loss_is_balanced_over_wrong_and_right_pixels():
    network = constant(small(), 0.7)
    data = batch()
    losses = network.loss(**data)
    logits = F.interpolate(
        data['logits'], (33, 41), mode='bilinear', align_corners=False)
    correct = logits.argmax(1) == data['seg_label']
    right = math.log(1 + math.exp(-0.7))
    wrong = math.log(1 + math.exp(0.7))
    accuracy = correct.float().mean().item()
    assert losses['loss_eln'].item() == pytest.approx(
        accuracy * (right + wrong), rel=1e-4)
    assert losses['input_accuracy'].item() == pytest.approx(accuracy)
    assert losses['valid_recall'] == 1 and losses['error_recall'] == 0
    assert [name for name in losses if 'loss' in name] == ['loss_eln']


@pytest.mark.parametrize('void', ['error', 'exclude'])
def test_void_and_padding(void):
    network = small(void=void)
    data = batch()
    data['seg_label'][:, :10] = 255
    data['valid_mask'][:, :5] = False
    seen = []
    network.loss_module.register_forward_pre_hook(
        lambda _, args: seen.extend(args))
    network.loss(**data)
    _, correct, counted = seen
    assert not correct[:, :10].any() and correct[:, 10:].any()
    assert not counted[:, :5].any() and counted[:, 10:].all()
    assert counted[:, 5:10].all() == (void == 'error')


def test_all_padded_is_a_connected_zero():
    network = small()
    data = batch()
    data['valid_mask'] &= False
    loss = network.loss(**data)['loss_eln']
    loss.backward()
    assert loss.item() == 0
    assert all(p.grad is not None for p in network.parameters())


def test_dropout_is_part_of_training_and_off_for_a_selection():
    network = small()
    data = batch()
    assert not torch.equal(network(*inputs(data)), network(*inputs(data)))
    with eval_dropout(network):
        first, second = (network.select(*inputs(data)) for _ in range(2))
    assert torch.equal(first.score, second.score)
    assert network.training


def test_autocast():
    network = small()
    data = batch()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = network.loss(**data)['loss_eln']
        selected = network.select(*inputs(data))
    loss.backward()
    assert loss.dtype == selected.score.dtype == torch.float32
    assert loss.isfinite()


@pytest.mark.parametrize('head', [
    dict(
        type='DAHead', in_channels=64, in_index=3, channels=8, pam_channels=4),
    dict(
        type='SegformerHead',
        in_channels=[8, 16, 32, 64],
        in_index=[0, 1, 2, 3],
        channels=8),
])
def test_any_decode_head(head):
    network = small(decode_head=head)
    data = batch()
    assert network(*inputs(data)).shape[1] == 1
    network.loss(**data)['loss_eln'].backward()


def test_any_backbone_and_image():
    network = small(
        image_channels=1,
        backbone=dict(
            type='MixVisionTransformer',
            embed_dims=8,
            num_layers=[1, 1, 1, 1],
            num_heads=[1, 2, 2, 4]),
        decode_head=dict(
            type='SegformerHead',
            in_channels=[8, 16, 16, 32],
            in_index=[0, 1, 2, 3],
            channels=8))
    data = batch()
    data['images'] = data['images'][:, :1]
    assert network(*inputs(data)).shape[1] == 1


@pytest.mark.parametrize('kwargs, match', [
    (dict(void='ignore'), 'void'),
    (dict(pred_input='labels'), 'pred_input'),
    (dict(num_classes=1), 'num_classes'),
    (dict(backbone=dict(type='ResNet', depth=18, in_channels=3)),
     'ResNet.in_channels .* must be 8 but is 3'),
    (dict(decode_head=dict(type='FCNHead', num_classes=4)),
     'FCNHead.num_classes .* must be 1 but is 4'),
])
def test_impossible_settings(kwargs, match):
    with pytest.raises(ValueError, match=match):
        small(**kwargs)


def test_logits_of_another_class_count():
    with pytest.raises(ValueError, match='4 but .* 6 channels'):
        small()(*inputs(batch(num_classes=6)))
