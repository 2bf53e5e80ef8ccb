# ToyStreet from day to dusk: scales and crops in both domains, changed colours
# in the labelled one
_base_ = ['./toystreet_day_to_dusk.py']
source_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='AddValidMask'),
    dict(
        type='RandomResize',
        scale=(128, 96),
        ratio_range=(0.75, 1.5),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=(96, 128), cat_max_ratio=0.9),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackBranchInputs'),
]
target_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='AddValidMask'),
    dict(
        type='RandomResize',
        scale=(128, 96),
        ratio_range=(0.75, 1.5),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=(96, 128)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackBranchInputs'),
]
train_dataloader = dict(
    dataset=dict(
        source=dict(pipeline=source_pipeline),
        target=dict(pipeline=target_pipeline)))
