# DeepLab-v2 with ResNet-101 and two levels, trained on the source alone
_base_ = ['./deeplabv2_r101-d8.py']
model = dict(
    _delete_=True, type='DomainAdaptation', segmentor={{_base_.model}})
