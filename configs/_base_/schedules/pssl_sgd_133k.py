# ten epochs of ImageNet with 96 crops a batch on eight GPUs; what is used is
# the fifth epoch of this schedule, by the authors' convention
_base_ = ['./iteration_runtime.py']
test_cfg = None
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=5e-4),
    constructor='GroupedOptimWrapperConstructor',
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1))))
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0.,
        power=0.9,
        by_epoch=False,
        begin=0,
        end=133450)
]
train_cfg = dict(max_iters=133450, val_interval=133450)
default_hooks = dict(
    checkpoint=dict(interval=13345, max_keep_ckpts=-1),
    check_ignore_index=dict(type='CheckIgnoreIndexHook'),
    export_pretrained=dict(type='ExportPretrainedHook', iteration=66725))
auto_scale_lr = dict(enable=False, base_batch_size=96)
