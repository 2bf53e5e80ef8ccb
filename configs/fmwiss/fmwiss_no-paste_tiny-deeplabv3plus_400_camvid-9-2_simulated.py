# without copy-paste
_base_ = ['./fmwiss_tiny-deeplabv3plus_400_camvid-9-2_simulated.py']
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadPseudoMask'),
    dict(
        type='SegRandomResizedCrop',
        scale=(240, 180),
        area_range=(0.5, 1.0),
        aspect_range=(1.0, 16 / 9)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackIncrementalInputs'),
]
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
