# STDC2-Seg learns what fifteen classifiers look at; its backbone starts from
# classification
_base_ = [
    'mmseg::_base_/models/stdc.py',
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
    backbone=dict(
        backbone_cfg=dict(
            stdc_type='STDCNet2',
            init_cfg=dict(
                type='Pretrained',
                checkpoint=  # noqa
                'https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/stdc/stdc2_20220308-7dbd9127.pth'  # noqa
            ))),
    decode_head=dict(
        num_classes=1001,
        ignore_index=1001,
        sampler=None,
        loss_decode=dict(_delete_=True, **loss)),
    # all three weigh alike; the boundaries of pseudo labels are not learnt
    auxiliary_head=[
        dict(
            type='FCNHead',
            in_channels=128,
            channels=64,
            num_convs=1,
            num_classes=1001,
            ignore_index=1001,
            in_index=index,
            norm_cfg=dict(type='SyncBN', requires_grad=True),
            concat_input=False,
            align_corners=True,
            loss_decode=loss) for index in (2, 1)
    ])
# of what stands under backbone only the classification network is pre-trained,
# the context path is not; the longest key that fits counts
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys={
        'backbone': dict(lr_mult=1.),
        'backbone.backbone': dict(lr_mult=0.1)
    }))
