# MinEnt on SegFormer-B5, GTA5 to Cityscapes, one GPU
_base_ = [
    '../_base_/models/domain_adaptation_segformer_mit-b5.py',
    '../_base_/datasets/gta_to_cityscapes-512x512.py',
    '../_base_/schedules/adapt_adamw_40k.py',
    '../_base_/default_runtime.py',
]
model = dict(target_losses=[
    dict(type='EntropyLoss', level='decode_head', loss_weight=1e-3)
])
