# MinEnt: the entropy of the target's prediction is a loss
_base_ = [
    '../adaptsegnet/source_only_tiny-deeplabv3plus_2k_camvid-day2dusk.py'
]
model = dict(target_losses=[
    dict(type='EntropyLoss', level='decode_head', loss_weight=3e-2),
    dict(type='EntropyLoss', level='auxiliary_head', loss_weight=6e-3)
])
