# pre-training on explained object crops, two minutes on one CPU core
_base_ = ['./iteration_runtime.py']
test_cfg = None
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-3, weight_decay=1e-4, fused=True),
    constructor='GroupedOptimWrapperConstructor',
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1))))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=50),
    dict(
        type='PolyLR',
        eta_min=0.,
        power=0.9,
        by_epoch=False,
        begin=50,
        end=600)
]
train_cfg = dict(max_iters=600, val_interval=600)
default_hooks = dict(
    checkpoint=dict(interval=300),
    check_ignore_index=dict(type='CheckIgnoreIndexHook'),
    export_pretrained=dict(type='ExportPretrainedHook'))
auto_scale_lr = dict(enable=False, base_batch_size=16)
randomness = dict(seed=0)
