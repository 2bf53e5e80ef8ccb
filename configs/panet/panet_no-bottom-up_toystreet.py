# PANet without the bottom-up path
_base_ = ['./panet_toystreet.py']
model = dict(
    neck=dict(
        _delete_=True,
        type='FPN',
        in_channels=[32, 64, 128, 256],
        out_channels=64,
        num_outs=5,
        norm_cfg=dict(type='GN', num_groups=8, requires_grad=True)))
expected = dict(metric='coco/segm_mAP_50', value=0.266, tolerance=0.05, seed=0)
