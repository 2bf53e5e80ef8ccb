# ELN around the tiny DeepLabV3+, with filter and contrast of the same scale
_base_ = ['./deeplabv3plus_tiny.py']
norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    _delete_=True,
    type='ELN',
    segmentor={{_base_.model}},
    pseudo_filter=dict(
        type='ErrorLocalizationNetwork',
        backbone=dict(
            type='ResNetV1c',
            depth=18,
            stem_channels=16,
            base_channels=16,
            dilations=(1, 1, 1, 1),
            strides=(1, 2, 2, 1),
            norm_cfg=norm_cfg,
            norm_eval=False),
        decode_head=dict(
            type='DepthwiseSeparableASPPHead',
            in_channels=128,
            in_index=3,
            channels=32,
            dilations=(1, 2, 4),
            c1_in_channels=16,
            c1_channels=16,
            dropout_ratio=0.1,
            norm_cfg=norm_cfg)),
    # the main loss ends far above that of the paper, so a factor of 20 would
    # leave the decoders untrained
    aux_decoders=dict(alphas=(2., 4.)),
    projector=dict(type='PixelProjector', out_channels=32),
    loss_contrast=dict(
        type='PixelContrastLoss', num_windows=2, window_size=16))
