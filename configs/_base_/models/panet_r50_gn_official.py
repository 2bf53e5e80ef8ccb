# PANet as the authors' code has it: frozen backbone of Caffe, group norm, and
# the conventions of that time for anchors, boxes and RoIAlign
_base_ = ['./panet_r50.py']
norm_cfg = dict(type='GN', num_groups=32, requires_grad=True)
model = dict(
    data_preprocessor=dict(
        mean=[102.9801, 115.9465, 122.7717],
        std=[1.0, 1.0, 1.0],
        bgr_to_rgb=False),
    backbone=dict(
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=True,
        frozen_stages=1,
        style='caffe',
        init_cfg=dict(
            type='Pretrained',
            checkpoint='open-mmlab://detectron2/resnet50_caffe')),
    neck=dict(
        norm_cfg=norm_cfg, bottom_up_norm_cfg=norm_cfg, bottom_up_bias=True),
    rpn_head=dict(
        anchor_generator=dict(type='LegacyAnchorGenerator', center_offset=0.5),
        bbox_coder=dict(type='LegacyDeltaXYWHBBoxCoder'),
        loss_bbox=dict(
            _delete_=True, type='SmoothL1Loss', beta=1 / 9, loss_weight=1.0)),
    roi_head=dict(
        bbox_roi_extractor=dict(roi_layer=dict(aligned=False)),
        bbox_head=dict(
            bbox_coder=dict(type='LegacyDeltaXYWHBBoxCoder'),
            loss_bbox=dict(
                _delete_=True,
                type='SmoothL1Loss',
                beta=1 / 3,
                loss_weight=1.0),
            norm_cfg=norm_cfg),
        mask_roi_extractor=dict(roi_layer=dict(aligned=False)),
        mask_head=dict(norm_cfg=norm_cfg, fc_act_cfg=dict(type='ReLU'))))
