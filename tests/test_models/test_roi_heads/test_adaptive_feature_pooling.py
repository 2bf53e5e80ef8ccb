import pytest
import torch
from mmengine.registry import DefaultScope

import mmseg_ext  # noqa: F401

pytest.importorskip('mmdet')
from mmdet.registry import MODELS  # noqa: E402  isort: skip

STRIDES = [4, 8, 16, 32]
ROIS = torch.tensor([[0., 8, 8, 40, 24], [1., 0, 0, 100, 90],
                     [0., -9, 50, 130, 99]])


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


def extractor(type='AdaptiveFeaturePooling', size=7, channels=3):
    return MODELS.build(
        dict(
            type=type,
            roi_layer=dict(
                type='RoIAlign', output_size=size, sampling_ratio=2),
            out_channels=channels,
            featmap_strides=STRIDES))


def pyramid(channels=3, **kwargs):
    torch.manual_seed(0)
    return [
        torch.randn(2, channels, 96 // s, 128 // s, **kwargs) for s in STRIDES
    ]


def test_levels_stay_apart():
    levels = [
        torch.full((2, 3, 96 // s, 128 // s), float(i))
        for i, s in enumerate(STRIDES, start=1)
    ]
    pooled = extractor()(levels, ROIS)
    assert pooled.shape == (3, 4, 3, 7, 7)
    for i in range(4):
        # the third RoI leaves the image, where nothing is
        torch.testing.assert_close(pooled[:2, i],
                                   torch.full((2, 3, 7, 7), i + 1.))
        assert pooled[:, i].is_contiguous()


def test_equals_the_stock_pooling_of_each_level():
    ours, stock = extractor(), extractor('SingleRoIExtractor')
    pooled, levels = ours(pyramid(), ROIS), pyramid()
    for i in range(4):
        assert torch.equal(pooled[:, i], stock.roi_layers[i](levels[i], ROIS))


def test_scales_rois():
    ours = extractor()
    scaled = ours.roi_rescale(ROIS, 1.5)
    assert torch.equal(
        ours(pyramid(), ROIS, roi_scale_factor=1.5), ours(pyramid(), scaled))


def test_no_roi_is_connected():
    levels = [level.requires_grad_() for level in pyramid()]
    pooled = extractor()(levels, ROIS[:0])
    assert pooled.shape == (0, 4, 3, 7, 7)
    pooled.sum().backward()
    assert all(level.grad is not None for level in levels)


def test_corners_keep_their_precision_under_autocast():
    """1399 is no number of bfloat16."""
    ours = extractor()
    levels = [
        torch.arange(1408. // s).expand(1, 3, 64 // s, -1) for s in STRIDES
    ]
    roi = torch.tensor([[0., 1371, 8, 1399, 40]])
    exact = ours(levels, roi)
    half = [level.bfloat16() for level in levels]
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = ours(half, roi)
    assert found.dtype == torch.bfloat16
    reference = ours([level.float() for level in half], roi).bfloat16()
    assert torch.equal(found, reference)
    torch.testing.assert_close(found.float(), exact, rtol=1e-2, atol=1e-2)
    rounded = ours([level.float() for level in half],
                   roi.bfloat16().float()).bfloat16()
    assert not torch.equal(found, rounded)


def test_every_level_gets_a_gradient_from_a_small_box():
    """The stock extractor takes the finest level alone for such a box."""
    roi = torch.tensor([[0., 20, 20, 44, 44]])
    for type, reached in (('AdaptiveFeaturePooling', [True] * 4),
                          ('SingleRoIExtractor', [True] + [False] * 3)):
        levels = [level.requires_grad_() for level in pyramid()]
        extractor(type)(levels, roi).square().sum().backward()
        assert [bool(level.grad.any()) for level in levels] == reached, type
