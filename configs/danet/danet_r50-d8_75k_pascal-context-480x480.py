# 60 classes, the background among them; four GPUs with four images each
_base_ = [
    '../_base_/models/danet_r50-d8_paper.py',
    '../_base_/datasets/pascal_context-480x480.py',
    '../_base_/schedules/sgd_danet_89k.py',
    '../_base_/default_runtime.py',
]
crop_size = (480, 480)
model = dict(
    data_preprocessor=dict(size=crop_size, test_cfg=dict(size=crop_size)),
    decode_head=dict(num_classes=60),
    test_cfg=dict(mode='slide', crop_size=crop_size, stride=(320, 320)))
train_dataloader = dict(batch_size=4)
# 240 epochs of 4998 images
optim_wrapper = dict(optimizer=dict(lr=0.001))
param_scheduler = [
    dict(
        type='PolyLR',
        power=0.9,
        eta_min=0,
        begin=0,
        end=75001,
        by_epoch=False)
]
train_cfg = dict(max_iters=75000, val_interval=7500)
default_hooks = dict(checkpoint=dict(interval=7500))
auto_scale_lr = dict(enable=False, base_batch_size=16)
