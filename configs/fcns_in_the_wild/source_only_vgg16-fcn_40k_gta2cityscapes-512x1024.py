# baseline, GTA5 to Cityscapes: the source alone. Without batch normalisation a target
# forward changes nothing, so there is no control besides.
_base_ = [
    '../_base_/models/domain_adaptation_fcn_dilated-vgg16-d8.py',
    '../_base_/datasets/gta_to_cityscapes-720x1280_512x1024.py',
    '../_base_/schedules/adapt_sgd_2x20k.py',
    '../_base_/default_runtime.py',
]
