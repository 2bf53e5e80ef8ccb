# on all labels of ToyStreet, in minutes on two CPU cores
_base_ = ['./fcn_toystreet.py']
model = dict(
    decode_head=dict(
        _delete_=True,
        type='EfficientDAHead',
        in_channels=128,
        in_index=3,
        channels=64,
        pam_channels=8,
        dropout_ratio=0.1,
        num_classes=9,
        norm_cfg=dict(type='BN', requires_grad=True),
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True)))
default_hooks = dict(
    position_attention_visualization=dict(
        type='PositionAttentionVisualizationHook'))
expected = dict(metric='mIoU', value=60.59, tolerance=2., seed=0)
