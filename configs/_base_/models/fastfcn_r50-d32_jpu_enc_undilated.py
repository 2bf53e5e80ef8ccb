_base_ = ['./fastfcn_r50-d32_jpu_psp_undilated.py']
model = dict(
    decode_head=dict(
        _delete_=True,
        type='EfficientEncHead',
        in_channels=[512, 1024, 2048],
        in_index=(0, 1, 2),
        channels=512,
        num_codes=32,
        # the authors' behind JPU; the stock head has 3
        bottleneck_kernel_size=1,
        dropout_ratio=0.1,
        num_classes=19,
        norm_cfg=dict(type='SyncBN', requires_grad=True),
        align_corners=True,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
        loss_se_decode=dict(
            type='CrossEntropyLoss', use_sigmoid=True, loss_weight=0.2)),
    auxiliary_head=dict(loss_decode=dict(loss_weight=0.2)))
