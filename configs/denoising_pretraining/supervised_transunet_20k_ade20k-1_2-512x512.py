# with the encoder supervised on ImageNet-21k and a random decoder
_base_ = ['./random_transunet_20k_ade20k-1_2-512x512.py']
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='checkpoints/r50-vit-b16_in21k.pth')))
