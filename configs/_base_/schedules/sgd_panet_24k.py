# PANet on Cityscapes: 8 images
_base_ = ['./detection_iteration_runtime.py']
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0001))
param_scheduler = [
    dict(
        type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(
        type='MultiStepLR',
        begin=0,
        end=24000,
        by_epoch=False,
        milestones=[18000],
        gamma=0.1)
]
train_cfg = dict(max_iters=24000, val_interval=3000)
default_hooks = dict(checkpoint=dict(interval=3000))
auto_scale_lr = dict(enable=False, base_batch_size=8)
