# DDeP: the encoder of encoder_tiny-transunet_2k_camvid-180x240.py is frozen,
# the decoder denoises from random weights
_base_ = ['./dep_pretrain_tiny-transunet_3k_camvid-180x240.py']
model = dict(
    segmentor=dict(
        backbone=dict(
            init_cfg=dict(
                type='Pretrained',
                checkpoint=('work_dirs/encoder_tiny-transunet_2k_camvid-'
                            '180x240/iter_2000.pth'),
                prefix='backbone.'))),
    frozen=('backbone', ))
