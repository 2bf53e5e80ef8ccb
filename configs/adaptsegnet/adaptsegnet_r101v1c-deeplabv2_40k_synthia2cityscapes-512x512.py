# AdaptSegNet as a baseline of HRDA and MIC, SYNTHIA to Cityscapes, one GPU
_base_ = [
    '../_base_/models/adaptsegnet_deeplabv2_r101v1c-d8.py',
    '../_base_/datasets/synthia_to_cityscapes-512x512.py',
    '../_base_/schedules/adversarial_sgd_40k.py',
    '../_base_/default_runtime.py',
]
default_hooks = dict(checkpoint=dict(save_best='mIoU16'))
