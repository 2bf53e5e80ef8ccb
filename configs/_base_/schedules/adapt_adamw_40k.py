# AdamW as SegFormer trains, with the warm-up, decay and length of DAFormer. A
# method with adversaries takes adversarial_adamw_40k.py.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='JointOptimWrapperConstructor',
    optimizer=dict(
        segmentor=dict(
            type='AdamW', lr=6e-5, betas=(0.9, 0.999), weight_decay=0.01)),
    paramwise_cfg=dict(
        segmentor=dict(
            custom_keys=dict(
                pos_block=dict(decay_mult=0.),
                norm=dict(decay_mult=0.),
                head=dict(lr_mult=10.)))))
param_scheduler = [
    dict(
        type='ComponentScheduler',
        component='segmentor',
        scheduler='LinearLR',
        start_factor=1e-6,
        by_epoch=False,
        begin=0,
        end=1500),
    dict(
        type='ComponentScheduler',
        component='segmentor',
        scheduler='PolyLR',
        power=1.0,
        eta_min=0,
        by_epoch=False,
        begin=1500,
        end=40001)
]
train_cfg = dict(
    type='ResumableIterBasedTrainLoop', max_iters=40000, val_interval=4000)
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
        interval=4000,
        max_keep_ckpts=1,
        save_best='mIoU',
        rule='greater'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='SegVisualizationHook'),
    domain_adaptation_visualization=dict(
        type='DomainAdaptationVisualizationHook', interval=4000))
# two images of each domain on one GPU
auto_scale_lr = dict(enable=False, base_batch_size=4)
