# baseline: the dilated backbone that JPU replaces
_base_ = ['./fastfcn_r50-d32_jpu_psp_25k_pascal-context-59-480x480.py']
model = dict(
    backbone=dict(
        strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4), contract_dilation=True),
    neck=None)
