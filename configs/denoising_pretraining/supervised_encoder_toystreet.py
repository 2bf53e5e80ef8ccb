# random_toystreet.py, but with the encoder of encoder_toystreet.py
_base_ = ['./random_toystreet.py']
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='work_dirs/encoder_toystreet/iter_1800.pth',
            prefix='backbone.')))
expected = dict(metric='mIoU', value=51.7, tolerance=2., seed=0)
