# one level, least squares
_base_ = ['./adaptsegnet_r101-deeplabv2_150k_synthia2cityscapes-512x1024.py']
model = dict(
    segmentor=dict(auxiliary_head=None),
    adversaries=[
        dict(
            name='main',
            level='decode_head',
            align='probability',
            discriminator=dict(type='FCDiscriminator'),
            gan_loss='lsgan',
            loss_weight=1e-2)
    ])
