# without the heavier box head
_base_ = ['../panet_r50_syncbn_ms-2x_coco.py']
norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    roi_head=dict(
        bbox_head=dict(
            fusion_layer='fc',
            num_shared_convs=0,
            num_shared_fcs=2,
            fc_norm_cfg=norm_cfg)))
