# levels are added up instead of their maximum
_base_ = ['../panet_r50_syncbn_ms-2x_coco.py']
model = dict(
    roi_head=dict(bbox_head=dict(fusion='sum'), mask_head=dict(fusion='sum')))
