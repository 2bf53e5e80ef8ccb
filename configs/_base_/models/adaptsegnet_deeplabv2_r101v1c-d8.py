# AdaptSegNet with two levels and least squares, as a baseline of MIC
_base_ = ['./domain_adaptation_deeplabv2_r101v1c-d8.py']
model = dict(adversaries=[
    dict(
        name='main',
        level='decode_head',
        align='probability',
        discriminator=dict(type='FCDiscriminator'),
        gan_loss='lsgan',
        loss_weight=1e-3),
    dict(
        name='aux',
        level='auxiliary_head',
        align='probability',
        discriminator=dict(type='FCDiscriminator'),
        gan_loss='lsgan',
        loss_weight=2e-4)
])
