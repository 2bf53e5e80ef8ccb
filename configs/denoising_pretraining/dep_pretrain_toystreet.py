# DeP on ToyStreet: encoder and decoder denoise from random weights
_base_ = [
    '../_base_/models/transunet_tiny.py',
    '../_base_/datasets/denoising_toystreet.py',
    '../_base_/schedules/denoising_adamw_toystreet.py',
    '../_base_/default_runtime.py',
]
model = dict(
    _delete_=True,
    type='DenoisingPretraining',
    segmentor={{_base_.model}},
    frozen=(),
    noise=dict(sigma=0.22, process='scaled'))
# where dep_toystreet.py looks for it
default_hooks = dict(
    export_pretrained=dict(
        path='work_dirs/dep_pretrain_toystreet/pretrained.pth'))
expected = dict(metric='gain', value=7.02, tolerance=0.5, seed=0)
