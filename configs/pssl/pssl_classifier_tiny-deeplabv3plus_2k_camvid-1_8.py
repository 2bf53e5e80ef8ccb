# the same with the backbone of a classifier
_base_ = ['./pssl_random_tiny-deeplabv3plus_2k_camvid-1_8.py']
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='work_dirs/classifier_resnet-v1c_camvid/iter_200.pth',
            prefix='backbone.')))
