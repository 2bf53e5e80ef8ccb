import pytest
import torch
from mmengine.structures import PixelData
from mmseg.models.utils import Encoding
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

import mmseg_ext  # noqa: F401
from mmseg_ext.models.decode_heads.efficient_enc_head import EfficientEncoding


def build(type='EfficientEncHead', **kwargs):
    torch.manual_seed(0)
    cfg = dict(
        type=type,
        in_channels=[6, 12],
        in_index=(0, 1),
        channels=8,
        num_codes=4,
        num_classes=5,
        dropout_ratio=0.,
        norm_cfg=dict(type='BN'),
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True))
    return MODELS.build(dict(cfg, **kwargs))


def features():
    generator = torch.Generator().manual_seed(1)
    return [
        torch.randn(2, channels, 5, 7, generator=generator)
        for channels in (6, 12)
    ]


def samples(label):
    return [
        SegDataSample(gt_sem_seg=PixelData(data=one[None])) for one in label
    ]


def pair(channels, codes, dtype=torch.float32):
    torch.manual_seed(0)
    stock = Encoding(channels, codes).to(dtype)
    ours = EfficientEncoding(channels, codes).to(dtype)
    ours.load_state_dict(stock.state_dict())
    return stock, ours


def test_encoding_equals_the_stock_layer():
    stock, ours = pair(16, 5, torch.float64)
    x = torch.randn(2, 16, 6, 7, dtype=torch.float64, requires_grad=True)
    expected, found = stock(x), ours(x)
    torch.testing.assert_close(found, expected)
    grad = torch.randn_like(found)
    for theirs, mine in zip(
            torch.autograd.grad(expected, [x, *stock.parameters()], grad),
            torch.autograd.grad(found, [x, *ours.parameters()], grad)):
        torch.testing.assert_close(mine, theirs)


def test_encoding_in_float32_under_autocast():
    _, ours = pair(16, 5)
    x = 10 + torch.randn(2, 16, 6, 7)
    expected = ours(x)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = ours(x)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected)


def test_encoding_keeps_no_residuals():
    """Of n pixels, D channels and K codes nothing has n D K numbers."""
    stock, ours = pair(16, 8)
    x = torch.randn(1, 16, 20, 20)
    largest = {}
    for name, layer in (('stock', stock), ('ours', ours)):
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(
                lambda t: sizes.append(t.numel()) or t, lambda t: t):
            layer(x)
        largest[name] = max(sizes)
    assert largest['stock'] == 400 * 16 * 8
    assert largest['ours'] <= 400 * 16


def test_equals_the_stock_head():
    stock, head = build('EncHead'), build()
    assert list(head.state_dict()) == list(stock.state_dict())
    head.load_state_dict(stock.state_dict())
    for found, expected in zip(head(features()), stock(features())):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    label = torch.randint(5, (2, 20, 28))
    label[:, :4] = 255
    outputs = stock(features())
    found = head.loss_by_feat(outputs, samples(label))
    expected = stock.loss_by_feat(outputs, samples(label))
    assert list(found) == list(expected)
    for key in found:
        torch.testing.assert_close(found[key], expected[key])


def test_present_classes():
    head = build()
    label = torch.full((3, 4, 4), 255)
    label[0, 0, :3] = torch.tensor([0, 4, 4])
    label[1, 2, 2] = 3
    assert head._present_classes(label).tolist() == [[1, 0, 0, 0, 1],
                                                     [0, 0, 0, 1, 0],
                                                     [0, 0, 0, 0, 0]]
    head.ignore_index = 0
    assert head._present_classes(label)[0].tolist() == [0, 0, 0, 0, 1]


def test_bottleneck_of_fastfcn():
    head = build(bottleneck_kernel_size=1)
    assert head.bottleneck.conv.weight.shape == (8, 12, 1, 1)
    assert head(features())[0].shape == (2, 5, 5, 7)


def test_without_the_encoding_loss():
    head = build(use_se_loss=False)
    label = torch.randint(5, (2, 20, 28))
    losses = head.loss_by_feat(head(features()), samples(label))
    assert list(losses) == ['loss_ce', 'acc_seg']
    losses['loss_ce'].backward()
    assert all(p.grad is not None for p in head.parameters())


def test_all_void():
    head = build()
    losses = head.loss_by_feat(
        head(features()), samples(torch.full((2, 20, 28), 255)))
    assert losses['loss_ce'] == 0 and losses['loss_se'].isfinite()
    (losses['loss_ce'] + losses['loss_se']).backward()


def test_refuses_an_even_kernel():
    with pytest.raises(ValueError, match='bottleneck_kernel_size'):
        build(bottleneck_kernel_size=2)
