# OCRNet with HRNetV2-W18 learns what fifteen classifiers look at; its backbone starts from
# classification
_base_ = [
    'mmseg::_base_/models/ocrnet_hr18.py',
    '../_base_/datasets/pssl_imagenet-256x256.py',
    '../_base_/schedules/pssl_sgd_133k.py',
    '../_base_/default_runtime.py',
]
# of 64 rows at a time: a thousand classes fill the memory
loss = dict(
    type='BackgroundWeightedCrossEntropyLoss',
    background_index=1000,
    background_weight=0.1,
    chunk_size=64)
model = dict(
    data_preprocessor=dict(size=(256, 256), seg_pad_val=1001),
    decode_head=[
        dict(
            type='FCNHead',
            in_channels=[18, 36, 72, 144],
            channels=270,
            in_index=(0, 1, 2, 3),
            input_transform='resize_concat',
            kernel_size=1,
            num_convs=1,
            concat_input=False,
            dropout_ratio=-1,
            num_classes=1001,
            ignore_index=1001,
            norm_cfg=dict(type='SyncBN', requires_grad=True),
            align_corners=False,
            loss_decode=dict(loss_weight=0.4, **loss)),
        dict(
            type='OCRHead',
            in_channels=[18, 36, 72, 144],
            in_index=(0, 1, 2, 3),
            input_transform='resize_concat',
            channels=512,
            ocr_channels=256,
            dropout_ratio=-1,
            num_classes=1001,
            ignore_index=1001,
            norm_cfg=dict(type='SyncBN', requires_grad=True),
            align_corners=False,
            loss_decode=dict(loss_weight=1.0, **loss)),
    ])
