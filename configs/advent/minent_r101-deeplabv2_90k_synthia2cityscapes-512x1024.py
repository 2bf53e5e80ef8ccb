# MinEnt at two levels as in the paper, SYNTHIA to Cityscapes, 16 classes, one GPU
_base_ = [
    '../_base_/models/minent_deeplabv2_r101-d8.py',
    '../_base_/datasets/synthia16_to_cityscapes-760x1280_512x1024.py',
    '../_base_/schedules/adapt_sgd_250k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    segmentor=dict(
        decode_head=dict(num_classes=16), auxiliary_head=dict(num_classes=16)))
param_scheduler = [
    dict(
        type='PolyLR',
        power=0.9,
        eta_min=0,
        by_epoch=False,
        begin=0,
        end=90001)
]
train_cfg = dict(max_iters=90000, val_interval=2000)
default_hooks = dict(checkpoint=dict(interval=2000, save_best='mIoU16'))
