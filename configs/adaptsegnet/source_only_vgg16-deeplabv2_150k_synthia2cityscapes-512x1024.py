# baseline with VGG-16, SYNTHIA to Cityscapes: the source alone
_base_ = [
    '../_base_/models/domain_adaptation_deeplabv2_vgg16-d8.py',
    '../_base_/datasets/synthia_to_cityscapes-760x1280_512x1024.py',
    '../_base_/schedules/adapt_sgd_250k.py',
    '../_base_/default_runtime.py',
]
# one rate for all layers
optim_wrapper = dict(
    paramwise_cfg=dict(
        segmentor=dict(custom_keys=dict(head=dict(lr_mult=1.)))))
default_hooks = dict(checkpoint=dict(save_best='mIoU16'))
