# the front-end of FCNs in the Wild, trained on the source alone
_base_ = ['./fcn_dilated-vgg16-d8.py']
model = dict(
    _delete_=True, type='DomainAdaptation', segmentor={{_base_.model}})
