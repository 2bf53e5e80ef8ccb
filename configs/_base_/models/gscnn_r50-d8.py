# Gated-SCNN on a ResNet of stride 8
_base_ = ['mmseg::_base_/models/deeplabv3plus_r50-d8.py']
model = dict(
    type='ShapeStreamEncoderDecoder',
    stem_layer='stem',
    decode_head=dict(
        _delete_=True,
        type='GSCNNHead',
        # gates; the last feeds the ASPP
        in_channels=[512, 1024, 2048],
        in_index=[1, 2, 3],
        low_level_index=0,
        low_level_channels=256,
        # behind the four stages
        stem_index=4,
        stem_channels=64,
        image_index=5,
        channels=256,
        dilations=(1, 12, 24, 36),
        dropout_ratio=0,
        num_classes=19,
        norm_cfg=dict(type='SyncBN', requires_grad=True),
        align_corners=False),
    auxiliary_head=None)
