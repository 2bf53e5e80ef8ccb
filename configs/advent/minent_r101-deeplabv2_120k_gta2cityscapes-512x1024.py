# MinEnt at two levels as in the paper, GTA5 to Cityscapes, one GPU
_base_ = [
    '../_base_/models/minent_deeplabv2_r101-d8.py',
    '../_base_/datasets/gta_to_cityscapes-720x1280_512x1024.py',
    '../_base_/schedules/adapt_sgd_250k.py',
    '../_base_/default_runtime.py',
]
train_cfg = dict(max_iters=120000, val_interval=2000)
default_hooks = dict(checkpoint=dict(interval=2000))
