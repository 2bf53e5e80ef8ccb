# batches of 24 as in arXiv 2112.01882; configs set the iterations
_base_ = ['./iteration_runtime.py']
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4, nesterov=True))
train_cfg = dict(max_iters=11940, val_interval=5000)
val_cfg = dict(type='ValLoop')
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0,
        power=0.9,
        by_epoch=False,
        begin=0,
        end=11940)
]
default_hooks = dict(
    checkpoint=dict(interval=5000),
    class_incremental=dict(type='ClassIncrementalHook'))
auto_scale_lr = dict(enable=False, base_batch_size=24)
