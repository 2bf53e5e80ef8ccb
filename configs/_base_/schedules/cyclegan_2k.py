# 1000 iterations at a constant rate, 1000 while it falls to zero
_base_ = ['./cyclegan_1k.py']
optim_wrapper = dict(
    optimizer=dict(generators=dict(lr=2e-4), discriminators=dict(lr=2e-4)))
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1.,
        end_factor=0.,
        by_epoch=False,
        begin=1000,
        end=2001)
]
train_cfg = dict(max_iters=2000, val_interval=500)
default_hooks = dict(
    checkpoint=dict(interval=500),
    translation_visualization=dict(interval=500))
