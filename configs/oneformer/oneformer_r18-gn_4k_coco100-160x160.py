# a small model from random weights learns 100 images of COCO by heart
_base_ = [
    '../_base_/models/oneformer_tiny.py',
    '../_base_/datasets/coco100_panoptic.py',
    '../_base_/schedules/adamw_oneformer_toystreet.py'
]
model = dict(
    backbone=dict(base_channels=32),
    panoptic_head=dict(
        in_channels=[32, 64, 128, 256],
        num_things_classes=80,
        num_stuff_classes=53,
        num_queries=64,
        text_mapper=dict(num_ctx=8),
        loss_cls=dict(class_weight=[1.0] * 133 + [0.1])),
    panoptic_fusion_head=dict(
        num_things_classes=80, num_stuff_classes=53, thing_classes=None))
param_scheduler = [
    dict(type='PolyLR', eta_min=0., power=0.9, by_epoch=False, end=4000)
]
train_cfg = dict(max_iters=4000, val_interval=1000)
default_hooks = dict(checkpoint=dict(interval=1000))
