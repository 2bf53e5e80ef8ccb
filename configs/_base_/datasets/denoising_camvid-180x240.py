# all training images of CamVid at half resolution, without labels
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='AddValidMask'),
    dict(type='Resize', scale=(240, 180)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackBranchInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(240, 180)),
    # the same noise in every validation
    dict(type='GaussianNoise', sigma=0.22, process='scaled', seed=0),
    dict(type='PackDenoisingInputs'),
]
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='MultiSourceSampler', source_sizes=dict(unlabeled=8)),
    dataset=dict(
        type='MultiSourceDataset',
        unlabeled=dict(
            type='UnlabeledImageDataset',
            data_root='data/camvid',
            data_prefix=dict(img_path='images/train'),
            pipeline=train_pipeline)))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='UnlabeledImageDataset',
        data_root='data/camvid',
        data_prefix=dict(img_path='images/val'),
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='DenoisingMetric')
test_evaluator = val_evaluator
