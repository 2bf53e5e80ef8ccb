# DeepLab-v2 with today's ResNet-101 and two levels, trained on the source
# alone
_base_ = ['./deeplabv2_r101v1c-d8.py']
model = dict(
    _delete_=True, type='DomainAdaptation', segmentor={{_base_.model}})
