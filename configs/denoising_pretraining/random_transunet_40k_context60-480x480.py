# TransUNet on all labels of Pascal Context, 60 classes, from random weights
_base_ = [
    '../_base_/models/transunet_r50-vit-b16.py',
    '../_base_/datasets/pascal_context_seeded-480x480.py',
    '../_base_/schedules/finetune_adamw_40k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    decode_head=dict(num_classes=60),
    test_cfg=dict(mode='slide', crop_size=(480, 480), stride=(320, 320)))
