# TransUNet on 1/5 of the labels of Pascal Context, 59 classes, from random
# weights
_base_ = [
    '../_base_/models/transunet_r50-vit-b16.py',
    '../_base_/datasets/pascal_context_59_seeded-480x480.py',
    '../_base_/schedules/finetune_adamw_8k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    decode_head=dict(num_classes=59),
    test_cfg=dict(mode='slide', crop_size=(480, 480), stride=(320, 320)))
train_dataloader = dict(
    dataset=dict(dataset=dict(ann_file='splits/1_5/labeled_seed0.txt')))
