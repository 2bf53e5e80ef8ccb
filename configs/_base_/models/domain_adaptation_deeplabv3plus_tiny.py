# the tiny DeepLabV3+ of two levels, trained on the source alone; a method adds
# adversaries or target losses
_base_ = ['./deeplabv3plus_tiny_aux.py']
model = dict(
    _delete_=True, type='DomainAdaptation', segmentor={{_base_.model}})
