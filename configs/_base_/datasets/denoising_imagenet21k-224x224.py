# a folder of images, searched with its sub-folders; labels are not used
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='AddValidMask'),
    dict(type='ResizeShortestEdge', scale=256, max_size=4096),
    dict(type='RandomCrop', crop_size=(224, 224)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackBranchInputs'),
]
train_dataloader = dict(
    batch_size=32,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='MultiSourceSampler', source_sizes=dict(unlabeled=32)),
    dataset=dict(
        type='MultiSourceDataset',
        unlabeled=dict(
            type='UnlabeledImageDataset',
            data_root='data/imagenet21k',
            data_prefix=dict(img_path='train'),
            pipeline=train_pipeline)))
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='ResizeShortestEdge', scale=256, max_size=4096),
    # the same noise in every validation
    dict(type='GaussianNoise', sigma=0.22, process='scaled', seed=0),
    dict(type='PackDenoisingInputs'),
]
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='UnlabeledImageDataset',
        data_root='data/imagenet21k',
        data_prefix=dict(img_path='val'),
        indices=1000,
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='DenoisingMetric')
test_evaluator = val_evaluator
