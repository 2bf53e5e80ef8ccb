# an incremental step on ToyStreet: the teacher alone for 40 iterations
_base_ = ['./adamw_toystreet.py']
optim_wrapper = dict(
    optimizer=dict(lr=1e-3),
    constructor='GroupedOptimWrapperConstructor',
    paramwise_cfg=dict(
        custom_keys={
            'decode_head': dict(lr_mult=5.),
            'teacher': dict(lr_mult=5.),
            'projector': dict(lr_mult=5.)
        }))
train_cfg = dict(max_iters=900, val_interval=300)
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=1e-6,
        power=0.9,
        by_epoch=False,
        begin=40,
        end=900)
]
default_hooks = dict(
    checkpoint=dict(interval=300),
    stage=dict(
        type='StageHook',
        stages=[dict(name='warmup', iters=40),
                dict(name='distillation')]),
    class_incremental=dict(type='ClassIncrementalHook'),
    incremental_visualization=dict(
        type='IncrementalVisualizationHook', interval=100))
