# PANet with the box head of two fully connected layers
_base_ = ['./panet_toystreet.py']
model = dict(
    roi_head=dict(
        bbox_head=dict(
            fusion_layer='fc',
            num_shared_convs=0,
            num_shared_fcs=2,
            fc_norm_cfg=dict(type='GN', num_groups=8, requires_grad=True))))
expected = dict(metric='coco/segm_mAP_50', value=0.256, tolerance=0.05, seed=0)
