# DeepLab-v2 with VGG-16, trained on the source alone
_base_ = ['./deeplabv2_vgg16-d8.py']
model = dict(
    _delete_=True, type='DomainAdaptation', segmentor={{_base_.model}})
