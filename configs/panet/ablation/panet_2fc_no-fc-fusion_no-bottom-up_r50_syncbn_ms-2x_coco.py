# adaptive feature pooling without the bottom-up path
_base_ = ['./panet_2fc_no-fc-fusion_r50_syncbn_ms-2x_coco.py']
norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    neck=dict(
        _delete_=True,
        type='FPN',
        in_channels=[256, 512, 1024, 2048],
        out_channels=256,
        num_outs=5,
        norm_cfg=norm_cfg))
