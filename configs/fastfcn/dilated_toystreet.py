# baseline: a dilated backbone keeps the last maps at stride 4
_base_ = [
    '../_base_/models/deeplabv3plus_tiny.py',
    '../_base_/datasets/toystreet.py',
    '../_base_/schedules/adamw_toystreet.py',
    '../_base_/default_runtime.py',
]
norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    backbone=dict(
        strides=(1, 1, 1, 1), dilations=(1, 1, 2, 4), out_indices=(1, 2, 3)),
    decode_head=dict(
        _delete_=True,
        type='PSPHead',
        in_channels=128,
        in_index=2,
        channels=64,
        pool_scales=(1, 2, 3, 6),
        dropout_ratio=0.1,
        num_classes=9,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True)))
expected = dict(metric='mIoU', value=76.89, tolerance=2., seed=0)
