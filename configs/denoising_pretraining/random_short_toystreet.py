# random_toystreet.py in 300 iterations at a low rate
_base_ = ['./random_toystreet.py']
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=50),
    dict(
        type='PolyLR',
        eta_min=1e-5,
        power=0.9,
        by_epoch=False,
        begin=50,
        end=300)
]
train_cfg = dict(max_iters=300)
expected = dict(metric='mIoU', value=37.69, tolerance=2., seed=0)
