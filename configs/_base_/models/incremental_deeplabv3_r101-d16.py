# DeepLabV3 of output stride 16 for class-incremental steps; sigmoid losses.
# num_classes and loss_weight, the number of channels, are set by the configs
_base_ = ['mmseg::_base_/models/deeplabv3_r50-d8.py']
data_preprocessor = dict(size=None, size_divisor=16)
model = dict(
    data_preprocessor=data_preprocessor,
    pretrained='open-mmlab://resnet101_v1c',
    backbone=dict(depth=101, strides=(1, 2, 2, 1), dilations=(1, 1, 1, 2)),
    decode_head=dict(
        channels=256,
        dilations=(1, 6, 12, 18),
        num_classes=21,
        loss_decode=dict(
            # the sum over the channels; stock takes their mean
            _delete_=True,
            type='CrossEntropyLoss',
            use_sigmoid=True,
            loss_weight=21.)),
    auxiliary_head=None)
