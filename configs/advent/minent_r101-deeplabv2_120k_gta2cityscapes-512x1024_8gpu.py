# eight GPUs with one image of each domain each: the rate of SGD grows with the
# batch, that of Adam with its root, and there are eight times fewer iterations
_base_ = ['./minent_r101-deeplabv2_120k_gta2cityscapes-512x1024.py']
optim_wrapper = dict(optimizer=dict(segmentor=dict(lr=2e-3)))
param_scheduler = [
    dict(
        type='LinearLR', start_factor=0.125, by_epoch=False, begin=0, end=500),
    dict(
        type='PolyLR',
        power=0.9,
        eta_min=0,
        by_epoch=False,
        begin=500,
        end=31251)
]
train_cfg = dict(max_iters=15000, val_interval=250)
default_hooks = dict(checkpoint=dict(interval=250))
auto_scale_lr = dict(base_batch_size=16)
