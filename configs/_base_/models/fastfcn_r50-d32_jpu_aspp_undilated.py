_base_ = ['./fastfcn_r50-d32_jpu_psp_undilated.py']
model = dict(
    decode_head=dict(
        _delete_=True,
        type='ProjectedASPPHead',
        in_channels=2048,
        in_index=2,
        channels=256,
        dilations=(1, 12, 24, 36),
        dropout_ratio=0.1,
        num_classes=19,
        norm_cfg=dict(type='SyncBN', requires_grad=True),
        align_corners=True,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True)))
