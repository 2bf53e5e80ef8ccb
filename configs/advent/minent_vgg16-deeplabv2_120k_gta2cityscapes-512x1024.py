# MinEnt with VGG-16, one level, GTA5 to Cityscapes
_base_ = [
    '../_base_/models/domain_adaptation_deeplabv2_vgg16-d8.py',
    '../_base_/datasets/gta_to_cityscapes-720x1280_512x1024.py',
    '../_base_/schedules/adapt_sgd_250k.py',
    '../_base_/default_runtime.py',
]
model = dict(target_losses=[
    dict(type='EntropyLoss', level='decode_head', loss_weight=1e-3)
])
# one rate for all layers
optim_wrapper = dict(
    paramwise_cfg=dict(
        segmentor=dict(custom_keys=dict(head=dict(lr_mult=1.)))))
train_cfg = dict(max_iters=120000, val_interval=2000)
default_hooks = dict(checkpoint=dict(interval=2000))
