# a detector alone, as the authors' code trains it with two fully connected
# layers
_base_ = ['./panet-box_r50_gn_1x_coco_official.py']
norm_cfg = dict(type='GN', num_groups=32, requires_grad=True)
model = dict(
    roi_head=dict(
        bbox_head=dict(
            fusion_layer='fc',
            num_shared_convs=0,
            num_shared_fcs=2,
            fc_norm_cfg=norm_cfg)))
