# scored as in arXiv 2112.01882: short side 512, centre crop of 512x512
_base_ = [
    './fmwiss_step5_r101-deeplabv3_1720_voc12aug-10-2-overlap-512x512.py'
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='Resize', scale=(2048, 512), keep_ratio=True),
    dict(type='CenterCrop', crop_size=(512, 512)),
    dict(type='SetOriShape'),
    dict(type='PackSegInputs'),
]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
