# baseline: Mask R-CNN with FPN
_base_ = [
    '../_base_/models/mask-rcnn_tiny_fpn.py',
    '../_base_/datasets/pennfudan_instance-192x256.py',
    '../_base_/schedules/adamw_instance_pennfudan.py',
]
model = dict(
    backbone=dict(base_channels=64),
    neck=dict(in_channels=[64, 128, 256, 512]),
    # people stand
    rpn_head=dict(anchor_generator=dict(ratios=[1.0, 2.0, 3.0])),
    roi_head=dict(
        bbox_head=dict(num_classes=1), mask_head=dict(num_classes=1)))
expected = dict(metric='coco/segm_mAP', value=0.381, tolerance=0.04, seed=0)
