_base_ = ['./fastfcn_r50-d32_jpu_psp_152k_ade20k-480x480.py']
model = dict(pretrained='open-mmlab://resnet101_v1c', backbone=dict(depth=101))
