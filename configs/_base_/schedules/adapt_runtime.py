# what every schedule of adaptation has in common; each sets the iterations
optim_wrapper = dict(
    type='OptimWrapper', constructor='JointOptimWrapperConstructor')
train_cfg = dict(type='ResumableIterBasedTrainLoop')
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
        max_keep_ckpts=1,
        save_best='mIoU',
        rule='greater'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='SegVisualizationHook'),
    domain_adaptation_visualization=dict(
        type='DomainAdaptationVisualizationHook'))
