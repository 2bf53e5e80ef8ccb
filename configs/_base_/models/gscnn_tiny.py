# Gated-SCNN around the backbone of the tiny DeepLabV3+
_base_ = ['./deeplabv3plus_tiny.py']
model = dict(
    type='ShapeStreamEncoderDecoder',
    stem_layer='stem',
    decode_head=dict(
        _delete_=True,
        type='GSCNNHead',
        in_channels=[32, 64, 128],
        in_index=[1, 2, 3],
        low_level_index=0,
        low_level_channels=16,
        low_level_projection=16,
        # behind the four stages
        stem_index=4,
        stem_channels=16,
        image_index=5,
        shape_channels=(16, 8, 8, 4),
        channels=64,
        dilations=(1, 2, 4),
        dropout_ratio=0,
        num_classes=9,
        norm_cfg=dict(type='BN', requires_grad=True),
        align_corners=False))
