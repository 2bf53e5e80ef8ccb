# AdaptSegNet with one level
_base_ = ['./adaptsegnet_tiny-deeplabv3plus_2k_camvid-day2dusk.py']
model = dict(adversaries=[
    dict(
        name='main',
        level='decode_head',
        align='probability',
        discriminator=dict(type='FCDiscriminator', ndf=32),
        loss_weight=1e-2)
])
