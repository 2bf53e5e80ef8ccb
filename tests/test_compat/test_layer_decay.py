"""Decay of rates by layers, within an algorithm as without."""
import copy

import pytest
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmseg.engine.optimizers import LearningRateDecayOptimizerConstructor
from torch import nn

import mmseg_ext  # noqa: F401


class ConvNeXt(nn.Module):  # stock goes by the name

    def __init__(self):
        super().__init__()
        self.downsample_layers = nn.ModuleList(
            nn.Conv2d(2, 2, 1) for _ in range(4))
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2))
            for _ in range(4))


class BEiT(nn.Module):

    def __init__(self):
        super().__init__()
        self.patch_embed = nn.Conv2d(2, 2, 1)
        self.layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))


class Segmentor(nn.Module):

    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone()
        self.decode_head = nn.Conv2d(2, 2, 1)


class Algorithm(nn.Module):

    def __init__(self, backbone):
        super().__init__()
        self.segmentor = Segmentor(backbone)
        self.pseudo_filter = nn.ModuleDict(dict(backbone=nn.Conv2d(2, 2, 1)))

    @property
    def backbone(self):
        return self.segmentor.backbone


def settings(model, cfg):
    """Rate and decay of each parameter."""
    init_default_scope('mmseg')
    optimizer = build_optim_wrapper(model, copy.deepcopy(cfg)).optimizer
    names = {id(p): name for name, p in model.named_parameters()}
    return {
        names[id(p)]: (group['lr'], group['weight_decay'])
        for group in optimizer.param_groups
        for p in group['params']
    }


@pytest.mark.parametrize('backbone, paramwise_cfg, constructor', [
    (ConvNeXt, dict(num_layers=6, decay_rate=0.5, decay_type='stage_wise'),
     'LearningRateDecayOptimizerConstructor'),
    (ConvNeXt, dict(num_layers=12, decay_rate=0.5, decay_type='layer_wise'),
     'LearningRateDecayOptimizerConstructor'),
    (ConvNeXt, dict(num_layers=6, decay_rate=0.5, decay_type='stage_wise'),
     LearningRateDecayOptimizerConstructor),
    (BEiT, dict(num_layers=3,
                layer_decay_rate=0.5), 'LayerDecayOptimizerConstructor'),
])
def test_rates_are_those_of_the_plain_segmentor(backbone, paramwise_cfg,
                                                constructor):
    cfg = dict(
        type='OptimWrapper',
        optimizer=dict(type='AdamW', lr=1., weight_decay=0.1),
        constructor=constructor,
        paramwise_cfg=paramwise_cfg)
    plain = settings(Segmentor(backbone), cfg)
    assert len({lr for lr, _ in plain.values()}) > 2
    found = settings(Algorithm(backbone), cfg)
    assert {
        name.removeprefix('segmentor.'): value
        for name, value in found.items() if name.startswith('segmentor.')
    } == plain
    assert found['pseudo_filter.backbone.weight'] == (1., 0.1)
    assert found['pseudo_filter.backbone.bias'] == (1., 0.)


def test_as_the_constructor_of_a_component():
    model = Algorithm(ConvNeXt)
    paramwise_cfg = dict(num_layers=6, decay_rate=0.5, decay_type='stage_wise')
    cfg = dict(
        type='OptimWrapper',
        constructor='JointOptimWrapperConstructor',
        optimizer=dict(
            segmentor=dict(
                type='AdamW',
                lr=1.,
                constructor='LearningRateDecayOptimizerConstructor'),
            pseudo_filter=dict(type='Adam', lr=0.3)),
        paramwise_cfg=dict(segmentor=paramwise_cfg))
    found = settings(model, cfg)
    assert found['segmentor.backbone.stages.0.0.weight'][0] == 0.5**6
    assert found['pseudo_filter.backbone.weight'][0] == 0.3
