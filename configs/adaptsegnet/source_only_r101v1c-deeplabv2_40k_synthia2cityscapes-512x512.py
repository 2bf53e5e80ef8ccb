# baseline of HRDA and MIC, SYNTHIA to Cityscapes: the source alone
_base_ = [
    '../_base_/models/domain_adaptation_deeplabv2_r101v1c-d8.py',
    '../_base_/datasets/synthia_to_cityscapes-512x512.py',
    '../_base_/schedules/adapt_sgd_40k.py',
    '../_base_/default_runtime.py',
]
default_hooks = dict(checkpoint=dict(save_best='mIoU16'))
