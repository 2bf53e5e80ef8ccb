# 20k iterations on the source, then 20k of adaptation, for FCNs in the Wild,
# whose own settings are not known. A method with adversaries takes
# adversarial_sgd_2x20k.py.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='JointOptimWrapperConstructor',
    optimizer=dict(
        segmentor=dict(type='SGD', lr=1e-4, momentum=0.9, weight_decay=5e-4)))
param_scheduler = [
    dict(
        type='PolyLR',
        power=0.9,
        eta_min=0,
        by_epoch=False,
        begin=0,
        end=40001)
]
train_cfg = dict(
    type='ResumableIterBasedTrainLoop', max_iters=40000, val_interval=2000)
val_cfg = dict(type='SourceTargetValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # last and best; the best is chosen by labels of the target: report both
    checkpoint=dict(
        type='AtomicCheckpointHook',
        by_epoch=False,
        interval=2000,
        max_keep_ckpts=1,
        save_best='mIoU',
        rule='greater'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='SegVisualizationHook'),
    domain_adaptation_visualization=dict(
        type='DomainAdaptationVisualizationHook', interval=2000),
    stage=dict(
        type='StageHook',
        stages=[dict(name='source', iters=20000),
                dict(name='adapt')]))
# one image of each domain on one GPU
auto_scale_lr = dict(enable=False, base_batch_size=2)
