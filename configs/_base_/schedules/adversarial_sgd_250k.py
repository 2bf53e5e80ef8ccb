# with the discriminators of AdaptSegNet and ADVENT
_base_ = ['./adapt_sgd_250k.py']
optim_wrapper = dict(
    optimizer=dict(adversaries=dict(type='Adam', lr=1e-4, betas=(0.9, 0.99))))
