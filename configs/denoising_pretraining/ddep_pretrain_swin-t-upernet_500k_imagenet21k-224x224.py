# DDeP of UPerNet with Swin-T: the encoder keeps its weights of supervision
# on ImageNet
_base_ = [
    '../_base_/models/denoising_swin-t-upernet.py',
    '../_base_/datasets/denoising_imagenet21k-224x224.py',
    '../_base_/schedules/denoising_adam_500k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    segmentor=dict(
        backbone=dict(
            init_cfg=dict(
                type='Pretrained',
                checkpoint='https://download.openmmlab.com/mmsegmentation/'
                'v0.5/pretrain/swin/swin_tiny_patch4_window7_224_20220317-'
                '1cdeb081.pth')),
        # pad to the largest image of the batch
        data_preprocessor=dict(size_divisor=1)))
