# PANet for small images on a CPU
_base_ = ['./mask-rcnn_tiny_fpn.py']
norm_cfg = dict(type='GN', num_groups=8, requires_grad=True)
model = dict(
    type='PANet',
    neck=dict(type='PathAggregationFPN', bottom_up_norm_cfg=norm_cfg),
    roi_head=dict(
        bbox_roi_extractor=dict(type='AdaptiveFeaturePooling'),
        bbox_head=dict(
            type='AdaptivePoolingBBoxHead',
            num_shared_convs=4,
            num_shared_fcs=1,
            conv_out_channels=64,
            norm_cfg=norm_cfg),
        mask_roi_extractor=dict(type='AdaptiveFeaturePooling'),
        mask_head=dict(type='FullyConnectedFusionMaskHead')))
