# AdaptSegNet with two levels
_base_ = ['./source_only_toystreet.py']
model = dict(adversaries=[
    dict(
        name='main',
        level='decode_head',
        align='probability',
        discriminator=dict(type='FCDiscriminator', ndf=32),
        loss_weight=1e-2),
    dict(
        name='aux',
        level='auxiliary_head',
        align='probability',
        discriminator=dict(type='FCDiscriminator', ndf=32),
        loss_weight=2e-3)
])
optim_wrapper = dict(
    optimizer=dict(adversaries=dict(type='Adam', lr=1e-4, betas=(0.9, 0.99))))
param_scheduler = _base_.param_scheduler + [
    dict(
        type='ComponentScheduler',
        component='adversaries',
        scheduler='PolyLR',
        eta_min=0,
        power=0.9,
        by_epoch=False,
        begin=800,
        end=1500)
]
# the discriminators get no gradient in the stage `source`
find_unused_parameters = True
expected = dict(metric='mIoU', value=49.18, tolerance=2., seed=0)
