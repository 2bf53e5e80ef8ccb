# 500 iterations at a constant rate, 500 while it falls to zero; the rate is
# that of short runs of small networks
_base_ = ['./iteration_runtime.py']
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='JointOptimWrapperConstructor',
    optimizer=dict(
        generators=dict(type='Adam', lr=3e-4, betas=(0.5, 0.999)),
        discriminators=dict(type='Adam', lr=3e-4, betas=(0.5, 0.999))))
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1.,
        end_factor=0.,
        by_epoch=False,
        begin=500,
        end=1001)
]
train_cfg = dict(max_iters=1000, val_interval=250)
val_cfg = dict(type='ValLoop')
default_hooks = dict(
    checkpoint=dict(interval=250),
    translation_visualization=dict(
        type='TranslationVisualizationHook', interval=250))
auto_scale_lr = dict(enable=False, base_batch_size=4)
randomness = dict(seed=0)
