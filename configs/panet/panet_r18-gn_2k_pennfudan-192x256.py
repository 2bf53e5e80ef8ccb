# all parts of PANet
_base_ = [
    '../_base_/models/panet_tiny.py',
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
expected = dict(metric='coco/segm_mAP', value=0.41, tolerance=0.04, seed=0)
