# SegFormer-B5, GTA5 to Cityscapes: the source alone
_base_ = [
    '../_base_/models/domain_adaptation_segformer_mit-b5.py',
    '../_base_/datasets/gta_to_cityscapes-512x512.py',
    '../_base_/schedules/adapt_adamw_40k.py',
    '../_base_/default_runtime.py',
]
