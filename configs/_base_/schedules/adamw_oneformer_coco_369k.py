# 50 epochs of COCO with a batch of 16
_base_ = ['./adamw_oneformer.py']
param_scheduler = dict(
    type='MultiStepLR',
    begin=0,
    end=368750,
    by_epoch=False,
    milestones=[327778, 355092],
    gamma=0.1)
train_cfg = dict(max_iters=368750, val_interval=5000)
default_hooks = dict(checkpoint=dict(interval=5000))
