# with the dilation of the stock configs, for checkpoints of MMSegmentation
_base_ = ['./fastfcn_r50-d32_jpu_psp_80k_cityscapes-512x1024.py']
model = dict(
    backbone=dict(dilations=(1, 1, 2, 4), contract_dilation=True),
    neck=dict(type='JPU', align_corners=False),
    decode_head=dict(align_corners=False),
    auxiliary_head=dict(align_corners=False))
