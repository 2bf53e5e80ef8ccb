# 1000 iterations on the source, then 1000 of adaptation, from random weights
# on CamVid at half resolution; half an hour to an hour on one CPU core.
# Last, best (by the labels of the target) and surest (without them)
# checkpoint are kept.
_base_ = ['./adapt_toystreet.py']
optim_wrapper = dict(optimizer=dict(segmentor=dict(lr=2e-3)))
param_scheduler = [
    dict(
        type='ComponentScheduler',
        component='segmentor',
        scheduler='LinearLR',
        start_factor=0.1,
        by_epoch=False,
        begin=0,
        end=100),
    dict(
        type='ComponentScheduler',
        component='segmentor',
        scheduler='PolyLR',
        eta_min=1e-5,
        power=0.9,
        by_epoch=False,
        begin=100,
        end=2000)
]
train_cfg = dict(max_iters=2000, val_interval=250)
default_hooks = dict(
    checkpoint=dict(
        interval=250,
        save_best=['mIoU', 'target_entropy'],
        rule=['greater', 'less']),
    stage=dict(stages=[dict(name='source', iters=1000),
                       dict(name='adapt')]))
