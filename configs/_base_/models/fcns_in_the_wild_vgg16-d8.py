# FCNs in the Wild, global alignment (GA) alone; CA is a target loss with the
# statistics of a source
_base_ = ['./domain_adaptation_fcn_dilated-vgg16-d8.py']
model = dict(adversaries=[
    dict(
        name='global',
        level='decode_head.feature',
        align='feature',
        discriminator=dict(type='PixelDiscriminator', channels=(1024, 1024)),
        gan_loss='confusion',
        loss_weight=dict(type='DANNRamp', max_weight=0.1, iters=1200))
])
