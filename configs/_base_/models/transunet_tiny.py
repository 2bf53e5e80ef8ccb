# a TransUNet of 0.4 M parameters for small images and two CPU cores, without
# the block that reaches the size of the image; it starts from random weights
data_preprocessor = dict(
    type='SegDataPreProcessor',
    mean=[127.5, 127.5, 127.5],
    std=[127.5, 127.5, 127.5],
    bgr_to_rgb=True,
    pad_val=0,
    seg_pad_val=255,
    # pad to the largest image of the batch
    size_divisor=1)
model = dict(
    type='EncoderDecoder',
    data_preprocessor=data_preprocessor,
    pretrained=None,
    backbone=dict(
        type='HybridVisionTransformer',
        img_size=(96, 128),
        base_channels=16,
        stage_blocks=(1, 1, 1),
        num_groups=8,
        embed_dims=64,
        num_layers=2,
        num_heads=4,
        feedforward_channels=128),
    decode_head=dict(
        type='TransUNetHead',
        in_channels=(16, 64, 128, 64),
        head_channels=64,
        decoder_channels=(48, 32, 16),
        num_classes=9,
        norm_cfg=dict(type='BN', requires_grad=True),
        loss_decode=dict(
            type='CrossEntropyLoss', loss_weight=1.0, avg_non_ignore=True)),
    auxiliary_head=None,
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
