# DDeP of SegFormer-B0: the encoder keeps its weights of supervision on
# ImageNet
_base_ = [
    '../_base_/models/denoising_segformer-b0.py',
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
                'v0.5/pretrain/segformer/mit_b0_20220624-7e0fe6dd.pth')),
        # pad to the largest image of the batch
        data_preprocessor=dict(size_divisor=1)))
