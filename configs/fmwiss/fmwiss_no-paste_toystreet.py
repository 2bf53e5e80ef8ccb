# fmwiss_toystreet.py without copy-paste
_base_ = ['./fmwiss_toystreet.py']
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadPseudoMask'),
    dict(
        type='SegRandomResizedCrop',
        scale=(128, 96),
        area_range=(0.5, 1.0),
        aspect_range=(1.0, 16 / 9)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackIncrementalInputs'),
]
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
expected = dict(metric='mIoU_all', value=49.81, tolerance=2., seed=0)
