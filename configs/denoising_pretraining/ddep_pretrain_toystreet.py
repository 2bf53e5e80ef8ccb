# DDeP on ToyStreet: the encoder of encoder_toystreet.py is frozen, the decoder
# denoises from random weights
_base_ = ['./dep_pretrain_toystreet.py']
model = dict(
    segmentor=dict(
        backbone=dict(
            init_cfg=dict(
                type='Pretrained',
                checkpoint='work_dirs/encoder_toystreet/iter_1800.pth',
                prefix='backbone.'))),
    frozen=('backbone', ))
default_hooks = dict(
    export_pretrained=dict(
        path='work_dirs/ddep_pretrain_toystreet/pretrained.pth'))
expected = dict(metric='gain', value=1.33, tolerance=0.5, seed=0)
