# global alignment (GA), SYNTHIA to Cityscapes, 16 classes, one GPU
_base_ = [
    '../_base_/models/fcns_in_the_wild_vgg16-d8.py',
    '../_base_/datasets/synthia16_to_cityscapes-760x1280_512x1024.py',
    '../_base_/schedules/adversarial_sgd_2x20k.py',
    '../_base_/default_runtime.py',
]
model = dict(segmentor=dict(decode_head=dict(num_classes=16)))
default_hooks = dict(checkpoint=dict(save_best='mIoU16'))
