# 100 epochs of Cityscapes with 16 crops a step
_base_ = ['mmseg::_base_/schedules/schedule_20k.py']
optim_wrapper = dict(optimizer=dict(weight_decay=1e-4))
param_scheduler = [
    dict(
        type='PolyLR',
        power=1.0,
        eta_min=0,
        begin=0,
        # a PolyLR makes end - begin - 1 steps
        end=18601,
        by_epoch=False)
]
train_cfg = dict(max_iters=18600, val_interval=1860)
default_hooks = dict(checkpoint=dict(interval=1860, max_keep_ckpts=1))
