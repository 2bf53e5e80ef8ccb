# for weights of tools/model_converters/danet.py: a stem of one convolution
_base_ = ['./danet_r101-d8_89k_cityscapes-768x768.py']
model = dict(
    pretrained='torchvision://resnet101', backbone=dict(type='ResNet'))
