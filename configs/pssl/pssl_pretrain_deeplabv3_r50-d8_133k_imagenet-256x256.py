# DeepLabV3 with ResNet-50 learns what fifteen classifiers look at; its backbone starts from
# classification
_base_ = [
    'mmseg::_base_/models/deeplabv3_r50-d8.py',
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
    decode_head=dict(
        num_classes=1001,
        ignore_index=1001,
        loss_decode=dict(_delete_=True, loss_weight=1.0, **loss)),
    auxiliary_head=dict(
        num_classes=1001,
        ignore_index=1001,
        loss_decode=dict(_delete_=True, loss_weight=0.4, **loss)))
