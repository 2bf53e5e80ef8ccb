# baseline of the ablations: the dilated FCN without attention
_base_ = ['./danet_r50-d8_89k_cityscapes-768x768.py']
model = dict(
    decode_head=dict(
        _delete_=True,
        type='FCNHead',
        in_channels=2048,
        in_index=3,
        channels=512,
        num_convs=1,
        concat_input=False,
        dropout_ratio=0.1,
        num_classes=19,
        norm_cfg=dict(type='SyncBN', requires_grad=True),
        align_corners=True,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True)))
optim_wrapper = dict(optimizer=dict(lr=0.01))
