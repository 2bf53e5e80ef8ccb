# MinEnt: the entropy of the target's prediction is a loss
_base_ = ['../adaptsegnet/source_only_toystreet.py']
model = dict(target_losses=[
    dict(type='EntropyLoss', level='decode_head', loss_weight=3e-2),
    dict(type='EntropyLoss', level='auxiliary_head', loss_weight=6e-3)
])
expected = dict(metric='mIoU', value=46.49, tolerance=2., seed=0)
