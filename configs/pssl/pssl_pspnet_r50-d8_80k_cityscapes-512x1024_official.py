# from weights of PaddleSeg's PSPNet, converted by
# python tools/model_converters/pssl.py SRC checkpoints/pssl_pspnet_r50-vd.pth
# Its ResNet is variant d, dilates every block of a stage, and its head reduces
# pooled maps to 512 channels and gives 1024
_base_ = ['./pssl_pspnet_r50-d8_80k_cityscapes-512x1024.py']
model = dict(
    backbone=dict(type='ResNetV1d', contract_dilation=False),
    decode_head=dict(type='ReducedPSPHead', channels=1024, pool_channels=512))
load_from = 'checkpoints/pssl_pspnet_r50-vd.pth'
