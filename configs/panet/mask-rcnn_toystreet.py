# baseline: Mask R-CNN with FPN
_base_ = [
    '../_base_/models/mask-rcnn_tiny_fpn.py',
    '../_base_/datasets/toystreet_instance-192x256.py',
    '../_base_/schedules/adamw_instance_toystreet.py',
]
model = dict(
    roi_head=dict(
        bbox_head=dict(num_classes=3), mask_head=dict(num_classes=3)),
    train_cfg=dict(
        rpn_proposal=dict(nms_pre=200, max_per_img=100),
        rcnn=dict(sampler=dict(num=32))))
expected = dict(metric='coco/segm_mAP_50', value=0.327, tolerance=0.05, seed=0)
