# 10k iterations at a constant rate, 10k while it falls to zero
_base_ = ['./cyclegan_1k.py']
optim_wrapper = dict(
    optimizer=dict(generators=dict(lr=2e-4), discriminators=dict(lr=2e-4)))
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1.,
        end_factor=0.,
        by_epoch=False,
        begin=10000,
        end=20001)
]
train_cfg = dict(max_iters=20000, val_interval=2000)
default_hooks = dict(
    checkpoint=dict(interval=2000),
    translation_visualization=dict(interval=1000))
auto_scale_lr = dict(enable=False, base_batch_size=8)
