# DDeP of DeepLabV3+ with ResNet-50: the encoder keeps its weights of
# supervision on ImageNet
_base_ = [
    '../_base_/models/denoising_r50-deeplabv3plus.py',
    '../_base_/datasets/denoising_imagenet21k-224x224.py',
    '../_base_/schedules/denoising_adam_500k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    segmentor=dict(
        # pad to the largest image of the batch
        data_preprocessor=dict(size_divisor=1)))
