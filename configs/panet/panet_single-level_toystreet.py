# PANet without adaptive feature pooling: each RoI from the level of its size
_base_ = ['./panet_toystreet.py']
model = dict(
    roi_head=dict(
        bbox_roi_extractor=dict(type='SingleRoIExtractor'),
        bbox_head=dict(num_levels=1),
        mask_roi_extractor=dict(type='SingleRoIExtractor'),
        mask_head=dict(num_levels=1)))
expected = dict(metric='coco/segm_mAP_50', value=0.252, tolerance=0.05, seed=0)
