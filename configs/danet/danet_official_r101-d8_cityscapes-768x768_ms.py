# weights of tools/model_converters/danet.py at many scales
_base_ = ['./danet_r101-d8_89k_cityscapes-768x768_ms.py']
model = dict(
    pretrained='torchvision://resnet101', backbone=dict(type='ResNet'))
