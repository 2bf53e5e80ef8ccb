# the tiny DeepLabV3+ learns what three classifiers of object crops look at; its
# backbone starts from that of a fourth, which has the same
_base_ = [
    '../_base_/models/deeplabv3plus_tiny.py',
    '../_base_/datasets/pssl_toystreet-64x64.py',
    '../_base_/schedules/pssl_adamw_toystreet.py',
    '../_base_/default_runtime.py',
]
data_preprocessor = dict(seg_pad_val=6)
model = dict(
    data_preprocessor=data_preprocessor,
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='work_dirs/classifier_resnet-v1c_toystreet/iter_200.pth',
            prefix='backbone.')),
    decode_head=dict(
        num_classes=6,
        ignore_index=6,
        loss_decode=dict(
            _delete_=True,
            type='BackgroundWeightedCrossEntropyLoss',
            background_weight=0.1)))
# where pssl_toystreet.py looks for it
default_hooks = dict(
    export_pretrained=dict(
        path='work_dirs/pssl_pretrain_toystreet/pretrained.pth'))
# in percent, of a batch of the training
expected = dict(metric='decode.acc_seg', value=69.3, tolerance=10., seed=0)
