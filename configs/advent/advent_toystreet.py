# AdvEnt with two levels
_base_ = ['../adaptsegnet/adaptsegnet_toystreet.py']
model = dict(adversaries=[
    dict(
        name='main',
        level='decode_head',
        align='self_information',
        discriminator=dict(type='FCDiscriminator', ndf=32),
        loss_weight=3e-2),
    dict(
        name='aux',
        level='auxiliary_head',
        align='self_information',
        discriminator=dict(type='FCDiscriminator', ndf=32),
        loss_weight=6e-3)
])
expected = dict(metric='mIoU', value=50.3, tolerance=2., seed=0)
