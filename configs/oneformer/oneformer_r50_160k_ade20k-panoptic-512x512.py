_base_ = [
    '../_base_/models/oneformer_r50.py',
    '../_base_/datasets/ade20k_panoptic_oneformer-512x512.py',
    '../_base_/schedules/adamw_oneformer_160k.py'
]
model = dict(
    data_preprocessor=dict(batch_augments=[
        dict(
            type='BatchFixedSizePad',
            size=(512, 512),
            img_pad_value=0,
            pad_mask=True,
            mask_pad_value=0)
    ]),
    panoptic_head=dict(
        num_things_classes=100,
        num_stuff_classes=50,
        loss_cls=dict(class_weight=[1.0] * 150 + [0.1])),
    panoptic_fusion_head=dict(num_things_classes=100, num_stuff_classes=50),
    test_cfg=dict(object_mask_thr=0.5))
