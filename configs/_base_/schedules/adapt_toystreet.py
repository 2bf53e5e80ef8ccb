# 800 iterations on the source, then 700 of adaptation; a few minutes on one
# CPU core. A method with adversaries adds their component to the optimiser.
_base_ = ['./iteration_runtime.py']
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='JointOptimWrapperConstructor',
    optimizer=dict(
        # one kernel for all parameters
        segmentor=dict(type='AdamW', lr=5e-3, weight_decay=1e-4, fused=True)))
param_scheduler = [
    dict(
        type='ComponentScheduler',
        component='segmentor',
        scheduler='LinearLR',
        start_factor=0.1,
        by_epoch=False,
        begin=0,
        end=50),
    dict(
        type='ComponentScheduler',
        component='segmentor',
        scheduler='PolyLR',
        eta_min=1e-5,
        power=0.9,
        by_epoch=False,
        begin=50,
        end=1500)
]
train_cfg = dict(max_iters=1500, val_interval=300)
default_hooks = dict(
    checkpoint=dict(interval=300),
    stage=dict(
        type='StageHook',
        stages=[dict(name='source', iters=800),
                dict(name='adapt')]),
    domain_adaptation_visualization=dict(
        type='DomainAdaptationVisualizationHook', interval=500))
auto_scale_lr = dict(enable=False, base_batch_size=8)
randomness = dict(seed=0)
