# baseline: Mask R-CNN with FPN
_base_ = [
    '../_base_/models/mask-rcnn_tiny_fpn.py',
    '../_base_/datasets/pennfudan_instance-192x256.py',
    '../_base_/schedules/adamw_instance_pennfudan.py',
]
model = dict(
    roi_head=dict(
        bbox_head=dict(num_classes=1), mask_head=dict(num_classes=1)))
