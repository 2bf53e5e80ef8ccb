# MinEnt at two levels
_base_ = ['./domain_adaptation_deeplabv2_r101-d8.py']
model = dict(target_losses=[
    dict(type='EntropyLoss', level='decode_head', loss_weight=1e-3),
    dict(type='EntropyLoss', level='auxiliary_head', loss_weight=2e-4)
])
