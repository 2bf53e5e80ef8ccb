# MinEnt with VGG-16, one level, SYNTHIA to Cityscapes, 16 classes
_base_ = [
    '../_base_/models/domain_adaptation_deeplabv2_vgg16-d8.py',
    '../_base_/datasets/synthia16_to_cityscapes-760x1280_512x1024.py',
    '../_base_/schedules/adapt_sgd_250k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    segmentor=dict(decode_head=dict(num_classes=16)),
    target_losses=[
        dict(type='EntropyLoss', level='decode_head', loss_weight=1e-3)
    ])
param_scheduler = [
    dict(
        type='PolyLR',
        power=0.9,
        eta_min=0,
        by_epoch=False,
        begin=0,
        end=90001)
]
# one rate for all layers
optim_wrapper = dict(
    paramwise_cfg=dict(
        segmentor=dict(custom_keys=dict(head=dict(lr_mult=1.)))))
train_cfg = dict(max_iters=90000, val_interval=2000)
default_hooks = dict(checkpoint=dict(interval=2000, save_best='mIoU16'))
