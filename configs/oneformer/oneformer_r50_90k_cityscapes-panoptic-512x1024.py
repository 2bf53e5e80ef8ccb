_base_ = [
    '../_base_/models/oneformer_r50.py',
    '../_base_/datasets/cityscapes_panoptic_oneformer-512x1024.py',
    '../_base_/schedules/adamw_oneformer_90k.py'
]
norm_cfg = dict(type='SyncBN', requires_grad=True)
backbone_no_decay = dict(lr_mult=0.1, decay_mult=0.0)
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
# the norm layers of the backbone learn here; the longest key that fits counts
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            '.bn1.weight': backbone_no_decay,
            '.bn1.bias': backbone_no_decay,
            '.bn2.weight': backbone_no_decay,
            '.bn2.bias': backbone_no_decay,
            '.bn3.weight': backbone_no_decay,
            '.bn3.bias': backbone_no_decay,
            '.downsample.1.': backbone_no_decay,
        }))
