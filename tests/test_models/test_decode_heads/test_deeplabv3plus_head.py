import math

import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import nn

import mmseg_ext  # noqa: F401
from mmseg_ext.models.utils.modes import eval_dropout


def build(**kwargs):
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            dict(
                type='DeepLabV3PlusHead',
                in_channels=32,
                in_index=3,
                channels=16,
                c1_in_channels=8,
                c1_channels=4,
                num_classes=5,
                norm_cfg=dict(type='BN')), **kwargs))


def features():
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(2, 8, 13, 17, generator=generator), None, None,
        torch.randn(2, 32, 4, 5, generator=generator)
    ]


def test_size_of_the_paper():
    head = MODELS.build(
        dict(
            type='DeepLabV3PlusHead',
            in_channels=2048,
            in_index=3,
            channels=256,
            c1_in_channels=256,
            num_classes=21,
            norm_cfg=dict(type='BN')))
    count = sum(p.numel() for p in head.parameters())
    # The figure of the official decoder includes the projector.
    projector = MODELS.build(dict(type='PixelProjector', in_channels=256))
    count += sum(p.numel() for p in projector.parameters())
    assert round(count / 1e6, 2) == 17.07


@pytest.mark.parametrize('align_corners', [True, False])
def test_forward_step_by_step(align_corners):
    head = build(align_corners=align_corners).eval()
    low, _, _, top = features()
    pooled = F.conv2d(
        top.mean((2, 3), keepdim=True), head.image_pool[1].conv.weight).relu()
    pyramid = [branch(top) for branch in head.aspp_modules]
    x = torch.cat([*pyramid, pooled.expand(-1, -1, 4, 5)], 1)
    x = head.bottleneck[0](x)
    x = F.interpolate(
        x, (13, 17), mode='bilinear', align_corners=align_corners)
    x = torch.cat([x, head.c1_bottleneck(low)], 1)
    x = head.decoder[2](head.decoder[0](x))
    z = head.decoder[4](x)
    expected = head.conv_seg(head.pre_cls[0](z).relu())
    torch.testing.assert_close(head(features()), expected)
    torch.testing.assert_close(head.cls_seg(z), expected)


def test_dropout_is_elementwise_and_in_its_places():
    head = build(aspp_dropout=0.2, decoder_dropout=(0.4, 0.3))
    places = [(name, layer.p) for name, layer in head.named_modules()
              if isinstance(layer, nn.modules.dropout._DropoutNd)]
    assert places == [('bottleneck.1', 0.2), ('decoder.1', 0.4),
                      ('decoder.3', 0.3)]
    assert all(
        type(head.get_submodule(name)) is nn.Dropout for name, _ in places)
    with eval_dropout(head):
        assert torch.equal(head(features()), head(features()))
    assert not torch.equal(head(features()), head(features()))


def test_batch_of_one_image():
    top_low = [x if x is None else x[:1] for x in features()]
    assert build().train()(top_low).shape == (1, 5, 13, 17)


def test_initial_weights():
    head = build(
        in_channels=512, channels=64, c1_in_channels=128, c1_channels=48)
    head.init_weights()
    for conv in (head.aspp_modules[2].conv, head.bottleneck[0].conv,
                 head.c1_bottleneck[0].conv, head.decoder[2].conv):
        fan_in = conv.weight[0].numel()
        assert conv.weight.std().item() == pytest.approx(
            math.sqrt(2 / fan_in), rel=0.15)
    # torch's default is uniform within 1 / sqrt(fan in)
    assert head.conv_seg.weight.abs().max() <= 1 / 8
    assert head.conv_seg.weight.std().item() == pytest.approx(
        1 / 8 / math.sqrt(3), rel=0.2)


def test_pretrained_weights_win(tmp_path):
    state = build().state_dict()
    torch.save(state, tmp_path / 'head.pth')
    torch.manual_seed(1)
    head = build(
        init_cfg=dict(
            type='Pretrained', checkpoint=str(tmp_path / 'head.pth')))
    head.init_weights()
    for key, value in head.state_dict().items():
        assert torch.equal(value, state[key]), key


def test_loss_of_the_stock_base():
    from mmengine.structures import PixelData
    from mmseg.structures import SegDataSample
    head = build()
    samples = []
    for _ in range(2):
        label = PixelData(data=torch.randint(5, (1, 32, 40)))
        samples.append(SegDataSample(gt_sem_seg=label))
    losses = head.loss(features(), samples, {})
    losses['loss_ce'].backward()
    assert all(p.grad is not None for p in head.parameters())
