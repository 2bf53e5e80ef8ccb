# eight GPUs with one image of each domain each: the rate of SGD grows with the
# batch, that of Adam with its root, and there are eight times fewer iterations
_base_ = ['./fcns_vgg16-fcn_40k_synthia2cityscapes-512x1024.py']
optim_wrapper = dict(
    optimizer=dict(segmentor=dict(lr=8e-4), adversaries=dict(lr=2.8e-4)))
param_scheduler = [
    dict(
        type='LinearLR', start_factor=0.125, by_epoch=False, begin=0, end=500),
    dict(
        type='PolyLR',
        power=0.9,
        eta_min=0,
        by_epoch=False,
        begin=500,
        end=5001)
]
train_cfg = dict(max_iters=5000, val_interval=250)
model = dict(adversaries=[
    dict(
        name='global',
        level='decode_head.feature',
        align='feature',
        discriminator=dict(type='PixelDiscriminator', channels=(1024, 1024)),
        gan_loss='confusion',
        loss_weight=dict(type='DANNRamp', max_weight=0.1, iters=150))
])
default_hooks = dict(
    checkpoint=dict(interval=250),
    stage=dict(stages=[dict(name='source', iters=2500),
                       dict(name='adapt')]))
auto_scale_lr = dict(base_batch_size=16)
