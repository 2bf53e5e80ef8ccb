# ELN with the networks and settings of the paper
_base_ = ['./deeplabv3plus_dense_r50-os16.py']
model = dict(
    _delete_=True,
    type='ELN',
    segmentor={{_base_.model}},
    pseudo_filter=dict(
        type='ErrorLocalizationNetwork',
        depth=34,
        pretrained='torchvision://resnet34'),
    aux_decoders=dict(alphas=(20., 50.)),
    projector=dict(type='PixelProjector', out_channels=128),
    loss_contrast=dict(
        type='PixelContrastLoss',
        mode='per_anchor',
        temperature=0.5,
        num_windows=8,
        window_size=32))
