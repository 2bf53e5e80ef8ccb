# the labelled images of eln_toystreet.py alone, as many of them a batch and
# as many iterations
_base_ = [
    '../_base_/models/deeplabv3plus_tiny.py',
    '../_base_/datasets/toystreet.py',
    '../_base_/schedules/adamw_toystreet.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(
    batch_size=4,
    dataset=dict(dataset=dict(ann_file='splits/1_32/labeled_seed0.txt')))
auto_scale_lr = dict(base_batch_size=4)
expected = dict(metric='mIoU', value=46.17, tolerance=2., seed=0)
