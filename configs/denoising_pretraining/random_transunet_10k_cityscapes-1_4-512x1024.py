# TransUNet on 1/4 of the labels of Cityscapes, from random weights
_base_ = [
    '../_base_/models/transunet_r50-vit-b16.py',
    '../_base_/datasets/cityscapes_seeded-512x1024.py',
    '../_base_/schedules/finetune_adamw_10k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    decode_head=dict(num_classes=19),
    test_cfg=dict(mode='slide', crop_size=(512, 1024), stride=(341, 683)))
train_dataloader = dict(
    dataset=dict(
        dataset=dict(ann_file='splits/unimatch/1_4/labeled_seed0.txt')))
