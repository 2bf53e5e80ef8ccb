# GA, global alignment: the features in front of the classifier say nothing
# about the domain
_base_ = ['../adaptsegnet/adaptsegnet_toystreet.py']
model = dict(adversaries=[
    dict(
        name='global',
        level='decode_head.feature',
        align='feature',
        discriminator=dict(type='PixelDiscriminator', channels=(256, 256)),
        gan_loss='confusion',
        # rises over the first half of the stage `adapt`
        loss_weight=dict(type='DANNRamp', max_weight=0.1, iters=350))
])
expected = dict(metric='mIoU', value=46.06, tolerance=2., seed=0)
