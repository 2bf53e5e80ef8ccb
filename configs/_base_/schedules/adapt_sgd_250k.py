# SGD over 250k iterations, cut off at 150k, as in the code of AdaptSegNet. A
# method with adversaries takes adversarial_sgd_250k.py.
_base_ = ['./adapt_runtime.py']
optim_wrapper = dict(
    optimizer=dict(
        segmentor=dict(type='SGD', lr=2.5e-4, momentum=0.9,
                       weight_decay=5e-4)),
    paramwise_cfg=dict(
        segmentor=dict(custom_keys=dict(head=dict(lr_mult=10.)))))
# (1 - i / 250000) ** 0.9 for every component: a PolyLR makes end - begin - 1
# steps, and one that ends above zero would hold the discriminators' rate up
param_scheduler = [
    dict(
        type='PolyLR',
        power=0.9,
        eta_min=0,
        by_epoch=False,
        begin=0,
        end=250001)
]
train_cfg = dict(max_iters=150000, val_interval=5000)
default_hooks = dict(
    checkpoint=dict(interval=5000),
    domain_adaptation_visualization=dict(interval=5000))
# one image of each domain on one GPU
auto_scale_lr = dict(enable=False, base_batch_size=2)
