# a step behind the first: the encoder learns slowly, and at a constant rate as
# long as the teacher is warmed up
_base_ = ['./sgd_incremental.py']
optim_wrapper = dict(
    optimizer=dict(lr=0.001),
    constructor='GroupedOptimWrapperConstructor',
    paramwise_cfg=dict(
        custom_keys={
            'decode_head': dict(lr_mult=10.),
            'teacher': dict(lr_mult=10.),
            'projector': dict(lr_mult=10.)
        }))
default_hooks = dict(
    stage=dict(
        type='StageHook',
        stages=[dict(name='warmup', iters=445),
                dict(name='distillation')]),
    incremental_visualization=dict(type='IncrementalVisualizationHook'))
