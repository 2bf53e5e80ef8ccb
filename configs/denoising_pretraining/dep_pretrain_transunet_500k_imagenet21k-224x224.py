# DeP: encoder and decoder of TransUNet denoise from random weights, eight GPUs
_base_ = [
    '../_base_/models/transunet_r50-vit-b16.py',
    '../_base_/datasets/denoising_imagenet21k-224x224.py',
    '../_base_/schedules/denoising_adam_500k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    _delete_=True,
    type='DenoisingPretraining',
    segmentor={{_base_.model}},
    frozen=(),
    noise=dict(sigma=0.22, process='scaled'))
