# classifiers of object crops, a minute on one CPU core
_base_ = ['../classification_runtime.py']
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=3e-3, weight_decay=1e-2, fused=True))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=50),
    dict(
        type='CosineAnnealingLR',
        eta_min=0.,
        by_epoch=False,
        begin=50,
        end=200)
]
train_cfg = dict(by_epoch=False, max_iters=200, val_interval=100)
val_cfg = dict()
test_cfg = dict()
default_hooks = dict(checkpoint=dict(interval=100))
auto_scale_lr = dict(enable=False, base_batch_size=32)
randomness = dict(seed=0)
