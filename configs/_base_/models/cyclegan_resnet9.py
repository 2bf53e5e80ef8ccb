# the published CycleGAN; `segmentor` is the one that configs with a perceptual
# loss learn from
_base_ = ['./deeplabv2_r101-d8.py']
segmentor = {{_base_.model}}
model = dict(
    _delete_=True,
    type='CycleGAN',
    generator=dict(type='ResnetGenerator'),
    discriminator=dict(type='PatchDiscriminator'))
