# without pre-training, on 16 labelled images
_base_ = [
    '../_base_/models/deeplabv3plus_tiny.py',
    '../_base_/datasets/toystreet.py',
    '../_base_/schedules/adamw_toystreet.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(
    dataset=dict(dataset=dict(ann_file='splits/1_16/labeled_seed0.txt')))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=50),
    dict(
        type='PolyLR',
        eta_min=1e-5,
        power=0.9,
        by_epoch=False,
        begin=50,
        end=600)
]
train_cfg = dict(max_iters=600, val_interval=200)
default_hooks = dict(checkpoint=dict(interval=200))
expected = dict(metric='mIoU', value=56.16, tolerance=2., seed=0)
