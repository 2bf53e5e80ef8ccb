# 20 epochs of the 24966 images of GTA5 in batches of four, the second half of
# them while the rate falls to zero
_base_ = ['./cyclegan_1k.py']
optim_wrapper = dict(
    optimizer=dict(generators=dict(lr=2e-4), discriminators=dict(lr=2e-4)))
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1.,
        end_factor=0.,
        by_epoch=False,
        begin=62415,
        end=124831)
]
train_cfg = dict(max_iters=124830)
val_cfg = None
default_hooks = dict(
    checkpoint=dict(interval=5000),
    translation_visualization=dict(interval=5000))
auto_scale_lr = dict(enable=False, base_batch_size=8)
randomness = dict(seed=None)
