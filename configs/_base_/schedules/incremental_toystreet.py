# an incremental step on ToyStreet: the teacher alone for 50 iterations
_base_ = ['./adamw_toystreet.py']
optim_wrapper = dict(
    optimizer=dict(lr=5e-4),
    paramwise_cfg=dict(
        custom_keys={
            'decode_head': dict(lr_mult=4.),
            'teacher': dict(lr_mult=4.),
            'projector': dict(lr_mult=4.)
        }))
train_cfg = dict(max_iters=400, val_interval=200)
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=1e-6,
        power=0.9,
        by_epoch=False,
        begin=50,
        end=400)
]
default_hooks = dict(
    checkpoint=dict(interval=200),
    stage=dict(
        type='StageHook',
        stages=[dict(name='warmup', iters=50),
                dict(name='distillation')]),
    class_incremental=dict(type='ClassIncrementalHook'),
    incremental_visualization=dict(
        type='IncrementalVisualizationHook', interval=200))
