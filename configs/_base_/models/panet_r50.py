# PANet with all parts of the paper, synchronised batch norm everywhere
_base_ = ['mmdet::_base_/models/mask-rcnn_r50_fpn.py']
norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    type='PANet',
    backbone=dict(norm_cfg=norm_cfg, norm_eval=False, frozen_stages=-1),
    neck=dict(
        type='PathAggregationFPN',
        norm_cfg=norm_cfg,
        bottom_up_norm_cfg=norm_cfg),
    roi_head=dict(
        bbox_roi_extractor=dict(
            type='AdaptiveFeaturePooling',
            roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2)),
        bbox_head=dict(
            type='AdaptivePoolingBBoxHead',
            num_levels=4,
            fusion='max',
            fusion_layer='conv',
            num_shared_convs=4,
            num_shared_fcs=1,
            norm_cfg=norm_cfg),
        mask_roi_extractor=dict(
            type='AdaptiveFeaturePooling',
            roi_layer=dict(type='RoIAlign', output_size=14, sampling_ratio=2)),
        mask_head=dict(
            type='FullyConnectedFusionMaskHead',
            num_levels=4,
            fusion='max',
            fc_fusion=True,
            norm_cfg=norm_cfg)),
    train_cfg=dict(rpn_proposal=dict(max_per_img=2000)))
