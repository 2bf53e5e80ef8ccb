# with discriminators, at the rate of AdaptSegNet
_base_ = ['./adapt_adamw_40k.py']
optim_wrapper = dict(
    optimizer=dict(adversaries=dict(type='Adam', lr=1e-4, betas=(0.9, 0.99))))
param_scheduler = _base_.param_scheduler + [
    dict(
        type='ComponentScheduler',
        component='adversaries',
        scheduler='PolyLR',
        power=0.9,
        eta_min=0,
        by_epoch=False,
        begin=0,
        end=40001)
]
