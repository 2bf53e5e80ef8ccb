# with the encoder supervised on ImageNet-21k and a random decoder
_base_ = ['./random_transunet_5k_context59-1_100-480x480.py']
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='checkpoints/r50-vit-b16_in21k.pth')))
