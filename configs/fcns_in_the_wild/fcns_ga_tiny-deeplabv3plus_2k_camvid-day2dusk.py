# GA, global alignment: the features in front of the classifier say nothing
# about the domain
_base_ = [
    '../adaptsegnet/adaptsegnet_tiny-deeplabv3plus_2k_camvid-day2dusk.py'
]
model = dict(adversaries=[
    dict(
        name='global',
        level='decode_head.feature',
        align='feature',
        discriminator=dict(type='PixelDiscriminator', channels=(256, 256)),
        gan_loss='confusion',
        # rises over the first half of the stage `adapt`
        loss_weight=dict(type='DANNRamp', max_weight=0.1, iters=500))
])
