# AdamW at a constant rate in float16, as the authors of ELN train
optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    # one kernel for all parameters, with the scaler's factor in it
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=1e-5, fused=True))
param_scheduler = []
train_cfg = dict(
    type='ResumableIterBasedTrainLoop', max_iters=133000, val_interval=2660)
val_cfg = dict(type='TeacherStudentValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='AtomicCheckpointHook',
        by_epoch=False,
        interval=2660,
        max_keep_ckpts=2),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='SegVisualizationHook'))
# the images of a batch on one GPU: labelled and unlabelled ones
auto_scale_lr = dict(enable=False, base_batch_size=12)
