# the ablation of the paper: 100 epochs of 16 crops, on eight GPUs with two
# images each
_base_ = ['./gscnn_r50-d8_80k_cityscapes-512x1024.py']
crop_size = (800, 800)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(
        type='RandomResize',
        scale=(2048, 1024),
        ratio_range=(0.5, 2.0),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs')
]
model = dict(data_preprocessor=dict(size=crop_size))
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
optim_wrapper = dict(optimizer=dict(weight_decay=1e-4))
param_scheduler = [
    dict(
        type='PolyLR',
        power=1.0,
        eta_min=0,
        begin=0,
        # a PolyLR makes end - begin - 1 steps
        end=18601,
        by_epoch=False)
]
train_cfg = dict(max_iters=18600, val_interval=1860)
default_hooks = dict(checkpoint=dict(interval=1860, max_keep_ckpts=1))
auto_scale_lr = dict(enable=False, base_batch_size=16)
