# what the authors' code does where it differs from the paper
_base_ = ['./adaptsegnet_r101-deeplabv2_150k_gta2cityscapes-512x1024.py']
model = dict(
    segmentor=dict(
        # ImageNet and COCO; licensed for non-commercial use
        pretrained=None,
        backbone=dict(
            init_cfg=dict(
                type='Pretrained',
                checkpoint='http://vllab.ucmerced.edu/ytsai/CVPR18/'
                'DeepLab_resnet_pretrained_init-f81d91e8.pth',
                prefix='Scale')),
        # scores are resized once, to the size of the image
        decode_head=dict(dilations=(6, 12), resize_to_input=False),
        auxiliary_head=dict(dilations=(6, 12))))
# each parameter of the backbone is listed three times in the official optimiser
optim_wrapper = dict(
    paramwise_cfg=dict(
        segmentor=dict(custom_keys=dict(backbone=dict(lr_mult=3.)))))
