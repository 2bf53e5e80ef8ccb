# a CycleGAN of half the width; `segmentor` is the one that configs with a
# perceptual loss learn from
_base_ = ['./deeplabv3plus_tiny_aux.py']
segmentor = {{_base_.model}}
model = dict(
    _delete_=True,
    type='CycleGAN',
    # not that of the segmentor: the generators end in a tanh
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[127.5, 127.5, 127.5],
        std=[127.5, 127.5, 127.5],
        bgr_to_rgb=True,
        size_divisor=1),
    generator=dict(type='ResnetGenerator', ngf=32, num_blocks=6),
    discriminator=dict(type='PatchDiscriminator', ndf=32))
