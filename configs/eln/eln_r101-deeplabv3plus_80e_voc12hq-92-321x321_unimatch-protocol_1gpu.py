# on one GPU: the gradients of four batches make a step
_base_ = [
    './eln_r101-deeplabv3plus_80e_voc12hq-92-321x321_unimatch-protocol.py'
]
optim_wrapper = dict(accumulative_counts=4)
# batches of 2 + 2 images
epoch_iters = 4 * _base_.epoch_iters
train_cfg = dict(max_iters=80 * epoch_iters, val_interval=epoch_iters)
param_scheduler = [
    dict(type='PolyLR', power=0.9, by_epoch=False, end=80 * epoch_iters)
]
default_hooks = dict(
    checkpoint=dict(interval=epoch_iters),
    stage=dict(stages=[
        dict(name='pretrain', iters=11 * epoch_iters),
        dict(name='localize', iters=8 * epoch_iters),
        dict(name='semi')
    ]))
auto_scale_lr = dict(base_batch_size=4)
