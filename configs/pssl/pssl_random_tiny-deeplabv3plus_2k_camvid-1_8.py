# CamVid at half resolution, 46 labelled images, without pre-training
_base_ = [
    '../_base_/models/deeplabv3plus_tiny.py',
    '../_base_/datasets/camvid-180x240.py',
    '../_base_/schedules/adamw_camvid.py',
    '../_base_/default_runtime.py',
]
model = dict(decode_head=dict(num_classes=11))
train_dataloader = dict(
    dataset=dict(dataset=dict(ann_file='splits/1_8/labeled_seed0.txt')))
