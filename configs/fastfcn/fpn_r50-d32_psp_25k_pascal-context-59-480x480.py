# baseline: FPN in place of JPU, its maps joined at stride 8
_base_ = ['./fastfcn_r50-d32_jpu_psp_25k_pascal-context-59-480x480.py']
model = dict(
    neck=dict(
        _delete_=True,
        type='FPN',
        in_channels=[512, 1024, 2048],
        out_channels=512,
        num_outs=3,
        norm_cfg=dict(type='SyncBN', requires_grad=True)),
    decode_head=dict(
        in_channels=[512, 512, 512],
        in_index=(0, 1, 2),
        input_transform='resize_concat'),
    auxiliary_head=dict(in_channels=512))
