# global alignment (GA), GTA5 to Cityscapes, one GPU
_base_ = [
    '../_base_/models/fcns_in_the_wild_vgg16-d8.py',
    '../_base_/datasets/gta_to_cityscapes-720x1280_512x1024.py',
    '../_base_/schedules/adversarial_sgd_2x20k.py',
    '../_base_/default_runtime.py',
]
