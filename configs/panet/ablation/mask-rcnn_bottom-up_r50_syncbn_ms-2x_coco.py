# and without adaptive feature pooling: each RoI from the level of its size
_base_ = ['./panet_2fc_no-fc-fusion_r50_syncbn_ms-2x_coco.py']
model = dict(
    roi_head=dict(
        bbox_roi_extractor=dict(type='SingleRoIExtractor'),
        bbox_head=dict(num_levels=1),
        mask_roi_extractor=dict(type='SingleRoIExtractor'),
        mask_head=dict(num_levels=1)))
