# ELN around the tiny DeepLabV3+, with filter and contrast of the same scale
_base_ = ['./deeplabv3plus_tiny.py']
norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    _delete_=True,
    type='ELN',
    segmentor={{_base_.model}},
    # a filter that sees little around a pixel: one that sees the whole image
    # learns the few labelled images by heart
    pseudo_filter=dict(
        type='ErrorLocalizationNetwork',
        pred_input='prob',
        backbone=dict(
            type='ResNetV1c',
            depth=18,
            stem_channels=16,
            base_channels=16,
            num_stages=2,
            dilations=(1, 1),
            strides=(1, 1),
            out_indices=(0, 1),
            norm_cfg=norm_cfg,
            norm_eval=False),
        decode_head=dict(
            type='FCNHead',
            in_channels=32,
            in_index=1,
            channels=32,
            num_convs=1,
            dropout_ratio=0.1,
            norm_cfg=norm_cfg)),
    # the main loss ends above that of the paper, so a factor of 20 would
    # leave the decoders untrained
    aux_decoders=dict(alphas=(3., 6.)),
    # taught on few images, filters and thresholds keep next to nothing of
    # rare classes, which the student would unlearn
    pseudo_class_weight=10.,
    projector=dict(type='PixelProjector', out_channels=32),
    loss_contrast=dict(
        type='PixelContrastLoss', num_windows=2, window_size=16),
    cut_mix=dict(type='CutMix', prob=1.0))
