# AdaptSegNet with one level
_base_ = ['./adaptsegnet_toystreet.py']
model = dict(adversaries=[
    dict(
        name='main',
        level='decode_head',
        align='probability',
        discriminator=dict(type='FCDiscriminator', ndf=32),
        loss_weight=1e-2)
])
expected = dict(metric='mIoU', value=48.82, tolerance=2., seed=0)
