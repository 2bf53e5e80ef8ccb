# GTA5 and Cityscapes without labels, to learn to translate: images of width
# 1024, crops of 452x452
_base_ = ['./gta_to_cityscapes-720x1280_512x1024.py']
resize = dict(
    type='Resize',
    scale=(1024, 1024),
    keep_ratio=True,
    interpolation='bicubic',
    backend='pillow')
pipeline = [
    dict(type='LoadImageFromFile'),
    resize,
    dict(type='RandomCrop', crop_size=(452, 452)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackBranchInputs'),
]
source = dict(
    type='UnlabeledImageDataset',
    data_root={{_base_.source_root}},
    data_prefix=dict(img_path='images'),
    pipeline=pipeline)
train_dataloader = dict(
    batch_size=8,
    sampler=dict(source_sizes=dict(source=4, target=4)),
    dataset=dict(
        source=dict(_delete_=True, **source), target=dict(pipeline=pipeline)))
# there are no images of GTA5 that are not trained on
val_dataloader = None
val_evaluator = None
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        **dict(
            source,
            pipeline=[
                dict(type='LoadImageFromFile'), resize,
                dict(type='PackSegInputs')
            ])))
test_evaluator = dict(
    _delete_=True,
    type='ColorDistance',
    reference=dict(
        type='UnlabeledImageDataset',
        data_root={{_base_.target_root}},
        data_prefix=dict(img_path='leftImg8bit/train')))
