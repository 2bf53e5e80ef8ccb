# 80 epochs of Pascal Context at 16 images, as FastFCN trains on it
_base_ = ['mmseg::_base_/schedules/schedule_40k.py']
optimizer = dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=1e-4)
optim_wrapper = dict(
    optimizer=optimizer,
    constructor='GroupedOptimWrapperConstructor',
    paramwise_cfg=dict(
        custom_keys=dict(
            neck=dict(lr_mult=10.),
            decode_head=dict(lr_mult=10.),
            auxiliary_head=dict(lr_mult=10.))))
param_scheduler = [
    dict(
        type='PolyLR',
        power=0.9,
        eta_min=0,
        begin=0,
        # a PolyLR makes end - begin - 1 steps
        end=25001,
        by_epoch=False)
]
train_cfg = dict(max_iters=25000, val_interval=2500)
default_hooks = dict(checkpoint=dict(interval=2500, max_keep_ckpts=1))
auto_scale_lr = dict(enable=False, base_batch_size=16)
