# a classification data set: cuts of ToyStreet, each with objects of one class;
# make it of the images of denoising pre-training with
# python tools/dataset_converters/object_crops.py \
#     configs/_base_/datasets/toystreet.py data/toystreet_crops \
#     --classes tree car pedestrian sign pole --per-class 200 --cfg-options \
#     train_dataloader.dataset.dataset.data_root=data/unlabeled_toystreet/day
dataset_type = 'CustomDataset'
data_root = 'data/toystreet_crops'
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=64, crop_ratio_range=(0.5, 1.0)),
    dict(type='RandomFlip', prob=0.5),
    # takes a negative shift of the hue, which that of mmcv does not
    dict(
        type='mmseg.RandomColorJitter',
        brightness=0.2,
        contrast=0.2,
        saturation=0.2,
        hue=0.05),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='PackInputs'),
]
train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_prefix='train',
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_prefix='val',
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='Accuracy', topk=(1, ))
test_evaluator = val_evaluator
