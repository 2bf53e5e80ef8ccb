# and without synchronised batch norm: the backbone's is frozen, and there is
# none elsewhere
_base_ = ['./mask-rcnn_r50_syncbn_ms-2x_coco.py']
model = dict(
    backbone=dict(
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=True,
        frozen_stages=1),
    neck=dict(norm_cfg=None),
    roi_head=dict(
        bbox_head=dict(norm_cfg=None, fc_norm_cfg=None),
        mask_head=dict(norm_cfg=None)))
