# Gated-SCNN on WideResNet-38 of stride 8
norm_cfg = dict(type='SyncBN', requires_grad=True)
data_preprocessor = dict(
    type='SegDataPreProcessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    pad_val=0,
    seg_pad_val=255)
model = dict(
    type='ShapeStreamEncoderDecoder',
    data_preprocessor=data_preprocessor,
    stem_layer='mod1',
    backbone=dict(
        type='WiderResNet',
        depth=38,
        # mod2, mod3, mod4 and mod7
        out_indices=(0, 1, 2, 5),
        norm_cfg=norm_cfg),
    decode_head=dict(
        type='GSCNNHead',
        # gates; the last feeds the ASPP
        in_channels=[256, 512, 4096],
        in_index=[1, 2, 3],
        low_level_index=0,
        low_level_channels=128,
        # behind the four outputs
        stem_index=4,
        stem_channels=64,
        image_index=5,
        channels=256,
        dilations=(1, 12, 24, 36),
        dropout_ratio=0,
        num_classes=19,
        norm_cfg=norm_cfg,
        align_corners=False),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
