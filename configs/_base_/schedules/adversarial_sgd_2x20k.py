# with the domain classifier of FCNs in the Wild
_base_ = ['./adapt_sgd_2x20k.py']
optim_wrapper = dict(
    optimizer=dict(adversaries=dict(type='Adam', lr=1e-4, betas=(0.9, 0.99))))
# the domain classifier gets no gradient in the stage `source`
find_unused_parameters = True
