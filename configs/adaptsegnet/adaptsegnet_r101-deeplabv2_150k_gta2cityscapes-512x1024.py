# AdaptSegNet with two levels as in the paper, GTA5 to Cityscapes, one GPU
_base_ = [
    '../_base_/models/adaptsegnet_deeplabv2_r101-d8.py',
    '../_base_/datasets/gta_to_cityscapes-720x1280_512x1024.py',
    '../_base_/schedules/adversarial_sgd_250k.py',
    '../_base_/default_runtime.py',
]
