_base_ = ['./panet_r50_syncbn_24k_cityscapes.py']
model = dict(
    backbone=dict(
        depth=101,
        init_cfg=dict(type='Pretrained',
                      checkpoint='torchvision://resnet101')))
