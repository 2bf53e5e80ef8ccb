# 240 epochs of Cityscapes at eight images; the rate of 0.003 is the authors'
# for a model with three losses (issue 30 of their repository)
_base_ = ['mmseg::_base_/schedules/schedule_80k.py']
optimizer = dict(type='SGD', lr=0.003, momentum=0.9, weight_decay=1e-4)
optim_wrapper = dict(
    optimizer=optimizer,
    constructor='GroupedOptimWrapperConstructor',
    paramwise_cfg=dict(custom_keys=dict(decode_head=dict(lr_mult=10.))))
param_scheduler = [
    dict(
        type='PolyLR',
        power=0.9,
        eta_min=0,
        begin=0,
        # a PolyLR makes end - begin - 1 steps
        end=89041,
        by_epoch=False)
]
train_cfg = dict(max_iters=89040, val_interval=8904)
default_hooks = dict(checkpoint=dict(interval=8904, max_keep_ckpts=1))
auto_scale_lr = dict(enable=False, base_batch_size=8)
