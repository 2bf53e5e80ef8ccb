# step 0 of CamVid 9-2: nine classes and background, with labels of pixels
_base_ = [
    '../_base_/models/deeplabv3plus_tiny.py',
    '../_base_/datasets/camvid_incremental-180x240.py',
    '../_base_/schedules/adamw_camvid.py',
    '../_base_/default_runtime.py',
]
model = dict(
    decode_head=dict(
        num_classes=10,
        loss_decode=dict(
            _delete_=True,
            type='CrossEntropyLoss',
            use_sigmoid=True,
            loss_weight=10.0)))
train_cfg = dict(max_iters=1500, val_interval=1500)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=100),
    dict(
        type='PolyLR',
        eta_min=1e-5,
        power=0.9,
        by_epoch=False,
        begin=100,
        end=1500)
]
default_hooks = dict(class_incremental=dict(type='ClassIncrementalHook'))
