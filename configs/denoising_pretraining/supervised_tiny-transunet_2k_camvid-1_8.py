# the same with the encoder of encoder_tiny-transunet_2k_camvid-180x240.py
_base_ = ['./random_tiny-transunet_2k_camvid-1_8.py']
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint=('work_dirs/encoder_tiny-transunet_2k_camvid-180x240/'
                        'iter_2000.pth'),
            prefix='backbone.')))
