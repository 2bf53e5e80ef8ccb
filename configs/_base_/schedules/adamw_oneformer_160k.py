_base_ = ['./adamw_oneformer.py']
param_scheduler = dict(
    type='PolyLR', eta_min=0., power=0.9, by_epoch=False, end=160000)
train_cfg = dict(max_iters=160000, val_interval=5000)
default_hooks = dict(checkpoint=dict(interval=5000))
