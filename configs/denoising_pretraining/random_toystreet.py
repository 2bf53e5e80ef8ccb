# without pre-training, on 8 labelled images
_base_ = [
    '../_base_/models/transunet_tiny.py',
    '../_base_/datasets/toystreet.py',
    '../_base_/schedules/adamw_toystreet.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(
    dataset=dict(dataset=dict(ann_file='splits/1_32/labeled_seed0.txt')))
expected = dict(metric='mIoU', value=50.27, tolerance=2., seed=0)
