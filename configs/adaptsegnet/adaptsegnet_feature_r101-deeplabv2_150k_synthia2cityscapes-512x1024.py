# the ablation of the paper: features are aligned instead of the output
_base_ = ['./adaptsegnet_r101-deeplabv2_150k_synthia2cityscapes-512x1024.py']
model = dict(
    segmentor=dict(auxiliary_head=None),
    adversaries=[
        dict(
            name='main',
            level='backbone.3',
            align='feature',
            discriminator=dict(type='FCDiscriminator'),
            loss_weight=1e-3)
    ])
