# the tiny DeepLabV3+ with a second level for methods that align two
_base_ = ['./deeplabv3plus_tiny.py']
model = dict(
    auxiliary_head=dict(
        _delete_=True,
        type='FCNHead',
        in_channels=64,
        in_index=2,
        channels=32,
        num_convs=1,
        concat_input=False,
        dropout_ratio=0.1,
        num_classes=9,
        norm_cfg=dict(type='BN', requires_grad=True),
        align_corners=False,
        loss_decode=dict(
            type='CrossEntropyLoss', loss_weight=0.1, avg_non_ignore=True)))
