# FastFCN as its paper has it: a backbone of stride 32 without dilation. The
# stock base keeps the dilation.
_base_ = ['mmseg::_base_/models/fastfcn_r50-d32_jpu_psp.py']
model = dict(
    backbone=dict(dilations=(1, 1, 1, 1), contract_dilation=False),
    neck=dict(type='UndilatedJPU', align_corners=True),
    decode_head=dict(
        align_corners=True, loss_decode=dict(avg_non_ignore=True)),
    auxiliary_head=dict(
        align_corners=True, loss_decode=dict(avg_non_ignore=True)))
