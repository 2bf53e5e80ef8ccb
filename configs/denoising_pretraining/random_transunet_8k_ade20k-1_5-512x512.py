# TransUNet on 1/5 of the labels of ADE20K, from random weights
_base_ = [
    '../_base_/models/transunet_r50-vit-b16.py',
    '../_base_/datasets/ade20k_seeded-512x512.py',
    '../_base_/schedules/finetune_adamw_8k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    decode_head=dict(num_classes=150),
    test_cfg=dict(mode='slide', crop_size=(512, 512), stride=(341, 341)))
train_dataloader = dict(
    dataset=dict(dataset=dict(ann_file='splits/1_5/labeled_seed0.txt')))
