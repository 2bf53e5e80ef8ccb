# 20 epochs of the 9400 images of SYNTHIA in batches of four
_base_ = ['./cyclegan_125k.py']
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1.,
        end_factor=0.,
        by_epoch=False,
        begin=23500,
        end=47001)
]
train_cfg = dict(max_iters=47000)
