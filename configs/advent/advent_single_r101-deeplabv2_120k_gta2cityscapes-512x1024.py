# one level, as the baseline of DADA
_base_ = ['./advent_r101-deeplabv2_120k_gta2cityscapes-512x1024.py']
model = dict(
    segmentor=dict(auxiliary_head=None),
    adversaries=[
        dict(
            name='main',
            level='decode_head',
            align='self_information',
            discriminator=dict(type='FCDiscriminator'),
            loss_weight=1e-3)
    ])
