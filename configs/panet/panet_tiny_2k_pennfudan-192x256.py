# all parts of PANet
_base_ = [
    '../_base_/models/panet_tiny.py',
    '../_base_/datasets/pennfudan_instance-192x256.py',
    '../_base_/schedules/adamw_instance_pennfudan.py',
]
model = dict(
    roi_head=dict(
        bbox_head=dict(num_classes=1), mask_head=dict(num_classes=1)))
