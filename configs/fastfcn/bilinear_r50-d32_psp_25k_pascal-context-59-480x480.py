# baseline: the smallest map enlarged to stride 8 in place of JPU
_base_ = ['./fastfcn_r50-d32_jpu_psp_25k_pascal-context-59-480x480.py']
model = dict(
    neck=dict(
        _delete_=True,
        type='BilinearUpsampling',
        target_level=0,
        align_corners=True))
