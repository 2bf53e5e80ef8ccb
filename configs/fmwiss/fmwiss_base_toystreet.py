# step 0 of ToyStreet 6-3: six classes and background, with labels of pixels
_base_ = [
    '../_base_/models/deeplabv3plus_tiny.py',
    '../_base_/datasets/toystreet_incremental.py',
    '../_base_/schedules/adamw_toystreet.py',
    '../_base_/default_runtime.py',
]
# the sum over 7 sigmoid channels; stock takes their mean
model = dict(
    decode_head=dict(
        num_classes=7,
        loss_decode=dict(
            _delete_=True,
            type='CrossEntropyLoss',
            use_sigmoid=True,
            loss_weight=7.0)))
train_cfg = dict(max_iters=900, val_interval=900)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=50),
    dict(
        type='PolyLR',
        eta_min=1e-5,
        power=0.9,
        by_epoch=False,
        begin=50,
        end=900)
]
default_hooks = dict(
    checkpoint=dict(interval=900),
    class_incremental=dict(type='ClassIncrementalHook'))
expected = dict(metric='mIoU_all', value=70.52, tolerance=2., seed=0)
