# baseline, GTA5 to Cityscapes: the source alone
_base_ = [
    '../_base_/models/domain_adaptation_deeplabv2_r101-d8.py',
    '../_base_/datasets/gta_to_cityscapes-720x1280_512x1024.py',
    '../_base_/schedules/adapt_sgd_250k.py',
    '../_base_/default_runtime.py',
]
