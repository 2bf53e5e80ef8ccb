# the labelled images of the ELN config alone, as many of them a batch and as
# many iterations
_base_ = [
    '../_base_/models/deeplabv3plus_tiny.py',
    '../_base_/datasets/camvid-120x160.py',
    '../_base_/schedules/adamw_camvid_5k.py',
    '../_base_/default_runtime.py',
]
model = dict(decode_head=dict(num_classes=11))
train_dataloader = dict(
    batch_size=4,
    dataset=dict(dataset=dict(ann_file='splits/1_8/labeled_seed0.txt')))
auto_scale_lr = dict(base_batch_size=4)
