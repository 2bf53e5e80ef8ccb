# DDeP: the encoder keeps its weights of supervision on ImageNet-21k, the
# decoder denoises from random ones. Make the checkpoint with
# python tools/model_converters/vit_hybrid.py R50+ViT-B_16.npz \
#     checkpoints/r50-vit-b16_in21k.pth
_base_ = ['./dep_pretrain_transunet_500k_imagenet21k-224x224.py']
model = dict(
    segmentor=dict(
        backbone=dict(
            init_cfg=dict(
                type='Pretrained',
                checkpoint='checkpoints/r50-vit-b16_in21k.pth'))),
    frozen=('backbone', ))
