# pssl_random_toystreet.py, but with the backbone of a classifier
_base_ = ['./pssl_random_toystreet.py']
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='work_dirs/classifier_resnet-v1c_toystreet/iter_200.pth',
            prefix='backbone.')))
expected = dict(value=56.93)
