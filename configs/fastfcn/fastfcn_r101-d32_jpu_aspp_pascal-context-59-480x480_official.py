# for weights of tools/model_converters/fastfcn.py: a wider stem
_base_ = ['./fastfcn_r101-d32_jpu_aspp_25k_pascal-context-59-480x480.py']
model = dict(pretrained=None, backbone=dict(stem_channels=128))
