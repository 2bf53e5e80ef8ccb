# baseline of HRDA and MIC, GTA5 to Cityscapes: the source alone
_base_ = [
    '../_base_/models/domain_adaptation_deeplabv2_r101v1c-d8.py',
    '../_base_/datasets/gta_to_cityscapes-512x512.py',
    '../_base_/schedules/adapt_sgd_40k.py',
    '../_base_/default_runtime.py',
]
