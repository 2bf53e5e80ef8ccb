import pytest
import torch
from mmengine.registry import DefaultScope
from torch import nn

import mmseg_ext  # noqa: F401

pytest.importorskip('mmdet')
from mmdet.registry import MODELS  # noqa: E402  isort: skip
from mmseg_ext.models.roi_heads.level_shares import \
    LevelShares  # noqa: E402  isort: skip

STRIDES = [4, 8]


def parts(**kwargs):
    with DefaultScope.overwrite_default_scope('mmdet'):
        extractor = MODELS.build(
            dict(
                type='AdaptiveFeaturePooling',
                roi_layer=dict(
                    type='RoIAlign', output_size=3, sampling_ratio=2),
                out_channels=4,
                featmap_strides=STRIDES))
        head = MODELS.build(
            dict(
                dict(
                    type='AdaptivePoolingBBoxHead',
                    num_levels=2,
                    in_channels=4,
                    conv_out_channels=4,
                    fc_out_channels=4,
                    roi_feat_size=3,
                    num_shared_convs=1,
                    num_classes=2), **kwargs))
    for layer in head.level_layers:
        nn.init.dirac_(layer.conv.weight)
        nn.init.zeros_(layer.conv.bias)
    return extractor, head


def test_counts_the_level_that_wins():
    """Three quarters of the channels from the coarse map, one from the fine.

    A channel that is negative on both is left out.
    """
    extractor, head = parts()
    fine, coarse = (torch.zeros(1, 4, 256 // s, 256 // s) for s in STRIDES)
    fine[:] = torch.tensor([2., 1, 1, -1])[:, None, None]
    coarse[:] = torch.tensor([1., 2, 2, -1])[:, None, None]
    rois = torch.tensor([[0., 10, 10, 60, 60], [0, 10, 10, 200, 200]])
    with LevelShares(extractor, head) as recorder:
        head(extractor((fine, coarse), rois))
        head(extractor((fine, coarse), rois[:1]))
    head(extractor((fine, coarse), rois))  # not any more
    assert recorder.counts.tolist() == [[2 * 9, 2 * 18], [9, 18]]
    assert recorder.shares()[1].tolist() == pytest.approx([1 / 3, 2 / 3])


def test_groups_by_the_rule_of_the_stock_extractor():
    extractor, head = parts()
    with DefaultScope.overwrite_default_scope('mmdet'):
        stock = MODELS.build(
            dict(
                type='SingleRoIExtractor',
                roi_layer=dict(type='RoIAlign', output_size=3),
                out_channels=4,
                featmap_strides=STRIDES))
    sizes = torch.tensor([5., 100, 111, 112, 113, 500])
    rois = torch.stack([sizes * 0, sizes * 0, sizes * 0, sizes, sizes], 1)
    recorder = LevelShares(extractor, head)
    recorder._see_rois(extractor, ((), rois))
    assert torch.equal(recorder._levels, stock.map_roi_levels(rois, 2))


@pytest.mark.parametrize('kwargs', [dict(fusion='sum'), dict(num_levels=1)])
def test_refuses_a_head_without_a_maximum(kwargs):
    with pytest.raises(ValueError, match='AdaptivePoolingBBoxHead takes no'):
        LevelShares(*parts(**kwargs))
