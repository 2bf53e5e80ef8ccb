# ToyStreet by day and at dusk without labels, to learn to translate; validated
# on images by day
_base_ = ['./toystreet_day_to_dusk.py']
pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomCrop', crop_size=(64, 64)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackBranchInputs'),
]
train_dataloader = dict(
    batch_size=4,
    sampler=dict(source_sizes=dict(source=2, target=2)),
    dataset=dict(
        source=dict(
            _delete_=True,
            type='UnlabeledImageDataset',
            data_root={{_base_.source_root}},
            data_prefix=dict(img_path='images/train'),
            pipeline=pipeline),
        target=dict(pipeline=pipeline)))
val_dataloader = {{_base_.source_val_dataloader}}
test_dataloader = val_dataloader
val_evaluator = dict(
    _delete_=True,
    type='ColorDistance',
    reference=dict(
        type='UnlabeledImageDataset',
        data_root={{_base_.target_root}},
        data_prefix=dict(img_path='images/train')))
test_evaluator = val_evaluator
