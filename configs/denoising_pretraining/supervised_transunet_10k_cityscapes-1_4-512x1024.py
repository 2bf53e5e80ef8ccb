# with the encoder supervised on ImageNet-21k and a random decoder
_base_ = ['./random_transunet_10k_cityscapes-1_4-512x1024.py']
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='checkpoints/r50-vit-b16_in21k.pth')))
