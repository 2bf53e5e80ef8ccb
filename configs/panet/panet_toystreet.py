# all parts of PANet
_base_ = [
    '../_base_/models/panet_tiny.py',
    '../_base_/datasets/toystreet_instance-192x256.py',
    '../_base_/schedules/adamw_instance.py',
]
model = dict(
    roi_head=dict(
        bbox_head=dict(num_classes=3), mask_head=dict(num_classes=3)),
    train_cfg=dict(
        rpn_proposal=dict(nms_pre=200, max_per_img=100),
        rcnn=dict(sampler=dict(num=32))))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(
        type='CosineAnnealingLR',
        eta_min=0,
        by_epoch=False,
        begin=100,
        end=1000)
]
train_cfg = dict(max_iters=1000, val_interval=500)
default_hooks = dict(checkpoint=dict(interval=500))
expected = dict(
    metric='coco/segm_mAP_50', value=None, tolerance=0.05, seed=0)
