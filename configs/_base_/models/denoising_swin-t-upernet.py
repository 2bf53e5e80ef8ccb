# UPerNet with Swin-T of MMSegmentation, whose decoder denoises
_base_ = ['mmseg::_base_/models/upernet_swin.py']
model = dict(
    _delete_=True,
    type='DenoisingPretraining',
    segmentor={{_base_.model}},
    frozen=('backbone', ),
    noise=dict(sigma=0.22, process='scaled'))
