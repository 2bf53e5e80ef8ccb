# as the authors' code: 175 epochs of eight crops of 720x720, on eight GPUs,
# a softer Gumbel softmax in both passes, and the edges of the normalised
# image, which its released weights know. Their jitter and blur are
# PhotoMetricDistortion here; their dual loss has no spatial derivative by
# mistake, this one has.
_base_ = ['./gscnn_wrn38-d8_43k_cityscapes-800x800.py']
crop_size = (720, 720)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(
        type='RandomResize',
        scale=(2048, 1024),
        ratio_range=(0.5, 2.0),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs')
]
model = dict(
    data_preprocessor=dict(size=crop_size),
    decode_head=dict(
        image_gradient=dict(mode='canny_normalized'),
        loss_dual=dict(
            type='DualTaskLoss', temperature=0.5, relaxation='soft')))
train_dataloader = dict(batch_size=1, dataset=dict(pipeline=train_pipeline))
param_scheduler = [
    dict(
        type='PolyLR',
        power=1.0,
        eta_min=0,
        begin=0,
        # a PolyLR makes end - begin - 1 steps
        end=65101,
        by_epoch=False)
]
train_cfg = dict(max_iters=65100, val_interval=2604)
default_hooks = dict(checkpoint=dict(interval=2604, max_keep_ckpts=1))
auto_scale_lr = dict(enable=False, base_batch_size=8)
