# the schedule of 40k iterations, for a fraction of the labels
_base_ = ['./finetune_adamw_40k.py']
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=1500),
    dict(
        type='PolyLR',
        eta_min=0.,
        power=0.9,
        by_epoch=False,
        begin=1500,
        end=20000)
]
train_cfg = dict(max_iters=20000, val_interval=2000)
default_hooks = dict(checkpoint=dict(interval=2000))
