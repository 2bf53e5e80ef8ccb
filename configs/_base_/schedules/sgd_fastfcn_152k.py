# 120 epochs of ADE20K at 16 images, as FastFCN trains on it
_base_ = ['./sgd_fastfcn_25k.py']
optim_wrapper = dict(optimizer=dict(lr=0.01))
param_scheduler = [
    dict(
        type='PolyLR',
        power=0.9,
        eta_min=0,
        begin=0,
        end=151561,
        by_epoch=False)
]
train_cfg = dict(max_iters=151560, val_interval=12630)
default_hooks = dict(checkpoint=dict(interval=12630))
