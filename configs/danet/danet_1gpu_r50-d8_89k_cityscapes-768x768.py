# the same batch of eight images on one GPU
_base_ = ['./danet_r50-d8_89k_cityscapes-768x768.py']
optim_wrapper = dict(accumulative_counts=4)
# iterations of two images: four of them make a step
train_cfg = dict(max_iters=4 * 89040, val_interval=4 * 8904)
param_scheduler = [
    dict(
        type='PolyLR',
        power=0.9,
        eta_min=0,
        begin=0,
        end=4 * 89040 + 1,
        by_epoch=False)
]
default_hooks = dict(checkpoint=dict(interval=4 * 8904))
# of one iteration; mmengine does not count the accumulated ones
auto_scale_lr = dict(base_batch_size=2)
