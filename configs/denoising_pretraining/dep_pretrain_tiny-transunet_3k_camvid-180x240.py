# DeP on all images of CamVid at half resolution, for two CPU cores
_base_ = [
    '../_base_/models/transunet_tiny.py',
    '../_base_/datasets/denoising_camvid-180x240.py',
    '../_base_/schedules/denoising_adamw_toystreet.py',
    '../_base_/default_runtime.py',
]
model = dict(
    _delete_=True,
    type='DenoisingPretraining',
    segmentor={{_base_.model}},
    frozen=(),
    noise=dict(sigma=0.22, process='scaled'))
