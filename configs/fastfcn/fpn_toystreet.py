# baseline: FPN makes maps of strides 4, 8 and 16 in place of JPU
_base_ = ['./bilinear_toystreet.py']
model = dict(
    neck=dict(
        _delete_=True,
        type='FPN',
        in_channels=[32, 64, 128],
        out_channels=32,
        num_outs=3,
        norm_cfg=dict(type='BN', requires_grad=True)),
    decode_head=dict(
        in_channels=[32, 32, 32],
        in_index=(0, 1, 2),
        input_transform='resize_concat'))
expected = dict(metric='mIoU', value=74.14, tolerance=2., seed=0)
