# AdamW as SegFormer trains, with the warm-up, decay and length of DAFormer. A
# method with adversaries takes adversarial_adamw_40k.py.
_base_ = ['./adapt_runtime.py']
optim_wrapper = dict(
    optimizer=dict(
        segmentor=dict(
            type='AdamW', lr=6e-5, betas=(0.9, 0.999), weight_decay=0.01)),
    paramwise_cfg=dict(
        segmentor=dict(
            custom_keys=dict(
                pos_block=dict(decay_mult=0.),
                norm=dict(decay_mult=0.),
                head=dict(lr_mult=10.)))))
param_scheduler = [
    dict(
        type='ComponentScheduler',
        component='segmentor',
        scheduler='LinearLR',
        start_factor=1e-6,
        by_epoch=False,
        begin=0,
        end=1500),
    dict(
        type='ComponentScheduler',
        component='segmentor',
        scheduler='PolyLR',
        power=1.0,
        eta_min=0,
        by_epoch=False,
        begin=1500,
        end=40001)
]
train_cfg = dict(max_iters=40000, val_interval=4000)
default_hooks = dict(
    checkpoint=dict(interval=4000),
    domain_adaptation_visualization=dict(interval=4000))
# two images of each domain on one GPU
auto_scale_lr = dict(enable=False, base_batch_size=4)
