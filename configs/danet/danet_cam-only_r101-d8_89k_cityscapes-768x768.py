_base_ = ['./danet_cam-only_r50-d8_89k_cityscapes-768x768.py']
model = dict(pretrained='open-mmlab://resnet101_v1c', backbone=dict(depth=101))
