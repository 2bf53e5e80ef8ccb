import copy

import pytest
from mmengine.model import PretrainedInit

from mmseg_ext.models.utils.pretrained_configs import (is_pretrained,
                                                       without_pretrained)

TYPES = [
    'Pretrained', PretrainedInit, 'mmengine.model.PretrainedInit',
    'mmengine.model.weight_init.PretrainedInit'
]


@pytest.mark.parametrize('kind', TYPES)
def test_is_pretrained(kind):
    assert is_pretrained(dict(type=kind, checkpoint='a.pth'))


@pytest.mark.parametrize('init_cfg', [
    None,
    dict(type='Kaiming', layer='Conv2d'),
    [dict(type='Pretrained', checkpoint='a.pth')]
])
def test_is_not_pretrained(init_cfg):
    assert not is_pretrained(init_cfg)


@pytest.mark.parametrize('kind', TYPES)
def test_weights_are_left_out_at_any_depth(kind):
    weights = dict(type=kind, checkpoint='a.pth')
    normal = dict(type='Normal', layer='Linear')
    cfg = dict(
        type='EncoderDecoder',
        pretrained='b.pth',
        backbone=dict(depth=50, init_cfg=weights),
        decode_head=[dict(init_cfg=[normal, weights]),
                     dict(init_cfg=normal)])
    before = copy.deepcopy(cfg)
    assert without_pretrained(cfg) == dict(
        type='EncoderDecoder',
        pretrained=None,
        backbone=dict(depth=50),
        decode_head=[dict(init_cfg=[normal]),
                     dict(init_cfg=normal)])
    assert cfg == before
