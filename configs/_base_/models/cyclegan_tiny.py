# a CycleGAN of small networks for small images and two CPU cores; `segmentor`
# is the one that configs with a perceptual loss learn from
_base_ = ['./deeplabv3plus_tiny_aux.py']
segmentor = {{_base_.model}}
model = dict(
    _delete_=True,
    type='CycleGAN',
    generator=dict(type='ResnetGenerator', ngf=16, num_blocks=4),
    discriminator=dict(type='PatchDiscriminator', ndf=16, num_downsamples=2))
