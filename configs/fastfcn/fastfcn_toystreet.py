# JPU makes a map of stride 4 from those of strides 4, 8 and 16
_base_ = ['./bilinear_toystreet.py']
model = dict(
    neck=dict(
        _delete_=True,
        type='UndilatedJPU',
        in_channels=(32, 64, 128),
        mid_channels=32,
        norm_cfg=dict(type='BN', requires_grad=True)))
expected = dict(metric='mIoU', value=74.50, tolerance=2., seed=0)
