# on one GPU: the gradients of four batches make a step
_base_ = [
    './eln_r50-deeplabv3plus_240e_cityscapes-1_2-801x801_unimatch-protocol.py'
]
optim_wrapper = dict(accumulative_counts=4)
# batches of 2 + 2 images
epoch_iters = 4 * _base_.epoch_iters
train_cfg = dict(max_iters=240 * epoch_iters, val_interval=10 * epoch_iters)
param_scheduler = [
    dict(type='PolyLR', power=0.9, by_epoch=False, end=240 * epoch_iters)
]
default_hooks = dict(
    checkpoint=dict(interval=10 * epoch_iters),
    stage=dict(stages=[
        dict(name='pretrain', iters=48 * epoch_iters),
        dict(name='localize', iters=28 * epoch_iters),
        dict(name='semi')
    ]))
auto_scale_lr = dict(base_batch_size=4)
