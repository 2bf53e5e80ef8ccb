# Stands in for foundation models on ToyStreet: learns from labels of images
# which of the new classes is where, on more images than the step has. load_from
# is the checkpoint of fmwiss_base_toystreet.py.
_base_ = [
    '../_base_/models/image_tagging_deeplabv3plus_tiny.py',
    '../_base_/datasets/toystreet_incremental_step1.py',
    '../_base_/schedules/adamw_toystreet.py',
    '../_base_/default_runtime.py',
]
load_from = 'work_dirs/fmwiss_base_toystreet/iter_900.pth'
model = dict(
    num_old_classes=7, segmentor=dict(decode_head=dict(num_classes=10)))
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackIncrementalInputs'),
]
train_dataloader = dict(
    dataset=dict(
        dataset=dict(without=[], pseudo_masks=None, pipeline=train_pipeline)))
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_iters=200, val_interval=200)
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=1e-5,
        power=0.9,
        by_epoch=False,
        begin=0,
        end=200)
]
default_hooks = dict(
    checkpoint=dict(interval=200),
    class_incremental=dict(type='ClassIncrementalHook'))
# its maps are no segmentation; the masks made of them are evaluated by
# tools/cosegment.py --evaluate
expected = dict(metric='mIoU_new', value=None, tolerance=100., seed=0)
