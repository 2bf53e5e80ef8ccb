import torch
from mmengine.optim import build_optim_wrapper
from torch import nn

SETTINGS = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.1, weight_decay=0.01),
    paramwise_cfg=dict(
        norm_decay_mult=0., custom_keys=dict(head=dict(lr_mult=10.))))


def network():
    torch.manual_seed(0)
    return nn.ModuleDict(
        dict(
            body=nn.Sequential(
                nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1)),
            head=nn.Conv2d(4, 2, 1)))


def built(model, **options):
    return build_optim_wrapper(model, dict(SETTINGS, **options))


def test_one_group_for_like_settings():
    model = network()
    wrapper = built(model, constructor='GroupedOptimWrapperConstructor')
    groups = [(group['lr'], group['weight_decay'], len(group['params']))
              for group in wrapper.optimizer.param_groups]
    assert groups == [(0.1, 0.01, 4), (0.1, 0., 2), (1., 0.01, 2)]
    assert len(built(network()).optimizer.param_groups) == 8


def test_updates_are_those_of_the_stock_constructor():
    models = network(), network()
    wrappers = (built(models[0]),
                built(models[1], constructor='GroupedOptimWrapperConstructor'))
    image = torch.randn(2, 3, 8, 8)
    for _ in range(3):
        for model, wrapper in zip(models, wrappers):
            loss = model['head'](model['body'](image)).square().mean()
            wrapper.update_params(loss)
    state = models[1].state_dict()
    for key, value in models[0].state_dict().items():
        assert torch.equal(value, state[key]), key


def test_frozen_parameters_are_left_out():
    model = network()
    model['head'].requires_grad_(False)
    wrapper = built(model, constructor='GroupedOptimWrapperConstructor')
    assert sum(len(g['params']) for g in wrapper.optimizer.param_groups) == 6


def test_without_settings_there_is_one_group():
    wrapper = built(
        network(),
        constructor='GroupedOptimWrapperConstructor',
        paramwise_cfg=None)
    assert len(wrapper.optimizer.param_groups) == 1
