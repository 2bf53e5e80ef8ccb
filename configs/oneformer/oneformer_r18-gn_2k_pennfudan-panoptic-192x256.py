# one thing and one stuff class, labels that were masks of people alone
_base_ = [
    '../_base_/models/oneformer_tiny.py',
    '../_base_/datasets/pennfudan_panoptic-192x256.py',
    '../_base_/schedules/adamw_oneformer_toystreet.py'
]
model = dict(
    backbone=dict(base_channels=32),
    panoptic_head=dict(
        in_channels=[32, 64, 128, 256],
        num_things_classes=1,
        num_stuff_classes=1,
        loss_cls=dict(class_weight=[1.0, 1.0, 0.1])),
    panoptic_fusion_head=dict(
        num_things_classes=1, num_stuff_classes=1, thing_classes=[0]))
param_scheduler = [
    dict(type='PolyLR', eta_min=0., power=0.9, by_epoch=False, end=2000)
]
train_cfg = dict(max_iters=2000, val_interval=500)
default_hooks = dict(checkpoint=dict(interval=500))
