# what the authors' code does where it differs from the paper
_base_ = ['./advent_r101-deeplabv2_120k_gta2cityscapes-512x1024.py']
model = dict(
    segmentor=dict(
        # scores are resized once, to the size of the image
        decode_head=dict(resize_to_input=False)))
# each parameter of the backbone is listed three times in the official optimiser
optim_wrapper = dict(
    paramwise_cfg=dict(
        segmentor=dict(custom_keys=dict(backbone=dict(lr_mult=3.)))))
