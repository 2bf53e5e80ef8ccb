_base_ = [
    '../_base_/models/oneformer_r50.py',
    '../_base_/datasets/cityscapes_panoptic_oneformer-512x1024.py',
    '../_base_/schedules/adamw_oneformer_90k.py'
]
norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    data_preprocessor=dict(batch_augments=[
        dict(
            type='BatchFixedSizePad',
            size=(512, 1024),
            img_pad_value=0,
            pad_mask=True,
            mask_pad_value=0)
    ]),
    backbone=dict(norm_cfg=norm_cfg, norm_eval=False),
    panoptic_head=dict(
        num_things_classes=8,
        num_stuff_classes=11,
        loss_cls=dict(class_weight=[1.0] * 19 + [0.1])),
    panoptic_fusion_head=dict(
        num_things_classes=8,
        num_stuff_classes=11,
        thing_classes=[11, 12, 13, 14, 15, 16, 17, 18]))
